"""Tabulate how critiques overlap with benchmarks' questions, and responses with their solutions, by iteration."""

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
    options.add_argument(
        "measured", nargs="+", help="JSON: outputs of measure_leakage, in which data sets are named iter_T"
    )
    options.add_argument(
        "--entries",
        type=json_value,
        required=True,
        help="JSON: the measure and student of each file, and the benchmarks",
    )
    add_table_options(options)
    options.add_argument(
        "--manifest", required=True, help="JSON: where the numbers come from: inputs, their digests, versions"
    )
    return options


def rows(paths: Sequence[str], entries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Make a row for each measure, student, iteration and benchmark; its values are empty without such turns."""
    titles = {entry["name"]: entry["title"] for entry in entries["benchmarks"]}
    for path, entry in pair_entries(paths, entries["files"]):
        for found in read_json(path)["results"]:
            has_turns = found["records"] > 0
            yield {
                "Measure": MEASURES[entry["measure"]],
                "Student": entry["student"],
                "Iteration": found["dataset"].removeprefix("iter_"),
                "Benchmark": titles[found["benchmark"]],
                "Records": str(found["records"]),
                "Overlap": found["padded"]["tli"] if has_turns else "",
                "Unpadded": found["unpadded"]["tli"] if has_turns else "",
                "Highest": 100 * found["padded"]["max"] if has_turns else "",
            }


def main(options: Namespace) -> None:
    frame = pd.DataFrame(rows(options.measured, options.entries), columns=COLUMNS)
    title = f"Overlap of critiques and responses with benchmarks, by iteration ({options.label})"
    write_table(frame, title, NOTE, options.csv, options.markdown, options.latex, decimals=2)
    of = {path: read_json(path)["datasets"] for path in options.measured}
    write_json(options.manifest, {"inputs": digest_files(*options.measured), "of": of, "versions": versions()})


if __name__ == "__main__":
    run_step(main, arguments())
