"""Make the table of all steps' accounts: records in = records out + records rejected."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from refinement.records.errors import BadInput
from refinement.records.files import read_json
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("counts", nargs="+", help="JSON: the counts files of the steps, in order")
    options.add_argument("--below", required=True, help="the folder to which the paths in the table are relative")
    add_table_options(options)
    return options


def row(path: str, below: str) -> dict[str, Any]:
    """A row for the account of one step. Raises BadInput if the account does not balance."""
    counts = read_json(path)
    rejected = counts["rejected"]
    if counts["in"] != counts["out"] + sum(rejected.values()):
        raise BadInput(
            f"{path}: {counts['in']} in, {counts['out']} out and {rejected} rejected do not balance; "
            "make the file again"
        )
    return {
        "Where": str(Path(path).parent.relative_to(below)),
        "Step": counts["stage"],
        "In": counts["in"],
        "Out": counts["out"],
        "Rejected": sum(rejected.values()),
        "Reasons": ", ".join(f"{reason} {count}" for reason, count in rejected.items()),
    }


def main(options: Namespace) -> None:
    frame = pd.DataFrame([row(path, options.below) for path in options.counts])
    note = "In = Out + Rejected in every row."
    write_table(frame, f"Records in and out ({options.label})", note, options.csv, options.markdown, options.latex)


if __name__ == "__main__":
    run_step(main, arguments())
