"""Tabulate pass@1 by iteration with 95% intervals (the form of Tables 1 and 2)."""

from argparse import ArgumentParser, Namespace
from typing import Any

import pandas as pd

from refinecoder.manifest import digest_files, versions
from refinecoder.records import BadInput, read_json, write_json
from refinecoder.steps import json_value, parser, run
from refinecoder.tables import write_table

TITLES = {
    "table1": "Table 1: pass@1 (%) on advanced benchmarks",
    "table2": "Table 2: pass@1 (%) on fundamental benchmarks",
}


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_benchmark")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student and benchmark of each summary"
    )
    options.add_argument("--name", choices=sorted(TITLES), required=True, help="which table")
    options.add_argument("--label", required=True, help="what kind of run this is")
    options.add_argument("--csv", required=True)
    options.add_argument("--markdown", required=True)
    options.add_argument("--latex", required=True)
    options.add_argument("--manifest", required=True, help="JSON: where the numbers come from")
    return options


def rows(entry: dict[str, str], summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each iteration: percentages, and the gain over M_0 in points."""
    first = summary["iterations"][0]["pass@1"]
    return [
        {
            "Model": f"{entry['student']}, iteration {found['iteration']}",
            "Benchmark": entry["benchmark"],
            "Problems": found["problems"],
            "pass@1": 100 * found["pass@1"],
            "95% low": 100 * found["low"],
            "95% high": 100 * found["high"],
            "Gain": 100 * (found["pass@1"] - first),
        }
        for found in summary["iterations"]
    ]


def main(options: Namespace) -> None:
    if len(options.entries) != len(options.summaries):
        raise BadInput(
            f"--entries: {len(options.entries)} entries for {len(options.summaries)} summaries; one each is needed"
        )
    summaries = [read_json(path) for path in options.summaries]
    frame = pd.DataFrame(
        [row for entry, summary in zip(options.entries, summaries, strict=True) for row in rows(entry, summary)]
    )
    note = "Intervals: bootstrap over problems, one training run. Gain: points over iteration 0."
    write_table(frame, f"{TITLES[options.name]} ({options.label})", note, options.csv, options.markdown, options.latex)
    manifests = {path: summary["manifest"] for path, summary in zip(options.summaries, summaries, strict=True)}
    write_json(options.manifest, {"inputs": digest_files(*options.summaries), "of": manifests, "versions": versions()})


if __name__ == "__main__":
    run(main, arguments())
