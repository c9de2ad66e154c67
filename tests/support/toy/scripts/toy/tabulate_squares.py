"""Tabulate squares."""

from argparse import ArgumentParser, Namespace

import pandas as pd
from refinement.methods.toy.record_types import SQUARE

from refinement.records.files import load_records
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("squares", help="JSONL: squares")
    add_table_options(options)
    return options


def main(options: Namespace) -> None:
    frame = pd.DataFrame(load_records(options.squares, SQUARE))
    write_table(frame, f"Squares ({options.label})", "", options.csv, options.markdown, options.latex)


if __name__ == "__main__":
    run_step(main, arguments())
