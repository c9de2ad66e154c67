"""Tabulate what follows the instructions, by iteration: critiques against questions, responses against solutions."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.records.files import read_json, write_json
from refinement.records.manifest import digest_files, versions
from refinement.results.pass_rates import pair_entries
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import json_value, parser, run_step

MEASURES = {"critiques": "Critique overlap (questions)", "responses": "Response overlap (canonical solutions)"}
NOTE = (
    "The formula of the TLI, times 100, over other texts: the user's turns after the instruction against a benchmark's "
    "questions, and all of the assistant's turns against its canonical solutions. Instructions do not change over "
    "iterations, so their own TLI (Table 3) does not either. D_0 has no critiques. A high overlap of responses need "
    "not be a leak: right programs for like tasks are alike."
)
COLUMNS = ("Measure", "Student", "Iteration", "Benchmark", "Records", "Overlap", "Unpadded", "Highest")


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("measured", nargs="+", help="JSON: of measure_leakage, data sets named iter_{t}")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: files (measure and student of each) and benchmarks"
    )
    add_table_options(options)
    options.add_argument("--manifest", required=True, help="JSON: where the numbers come from")
    return options


def rows(paths: Sequence[str], entries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each measure, student, iteration and benchmark; no values where there were no such turns."""
    titles = {entry["name"]: entry["title"] for entry in entries["benchmarks"]}
    for path, entry in pair_entries(paths, entries["files"]):
        for found in read_json(path)["results"]:
            some = found["records"] > 0
            yield {
                "Measure": MEASURES[entry["measure"]],
                "Student": entry["student"],
                "Iteration": found["dataset"].removeprefix("iter_"),
                "Benchmark": titles[found["benchmark"]],
                "Records": str(found["records"]),
                "Overlap": found["padded"]["tli"] if some else "",
                "Unpadded": found["unpadded"]["tli"] if some else "",
                "Highest": 100 * found["padded"]["max"] if some else "",
            }


def main(options: Namespace) -> None:
    frame = pd.DataFrame(rows(options.measured, options.entries), columns=COLUMNS)
    title = f"Overlap of critiques and responses with benchmarks, by iteration ({options.label})"
    write_table(frame, title, NOTE, options.csv, options.markdown, options.latex, decimals=2)
    of = {path: read_json(path)["datasets"] for path in options.measured}
    write_json(options.manifest, {"inputs": digest_files(*options.measured), "of": of, "versions": versions()})


if __name__ == "__main__":
    run_step(main, arguments())
