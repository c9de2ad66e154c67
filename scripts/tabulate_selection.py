"""Tabulate best and worst answers by the scoring system, and its error rate (Table 4)."""

from argparse import ArgumentParser, Namespace
from typing import Any

import pandas as pd

from refinecoder.manifest import digest_files, versions
from refinecoder.passes import pair_entries
from refinecoder.records import read_json, write_json
from refinecoder.steps import json_value, parser, run
from refinecoder.tables import add_table_options, write_table

COLUMNS = {"best": "Best", "mean": "Mean", "worst": "Worst", "error_rate": "Error rate"}


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_selection")
    options.add_argument("--entries", type=json_value, required=True, help="JSON: model and benchmark of each summary")
    add_table_options(options)
    options.add_argument("--manifest", required=True, help="JSON: where the numbers come from")
    return options


def row(entry: dict[str, str], summary: dict[str, Any]) -> dict[str, Any]:
    """Percentages with their intervals."""
    found: dict[str, Any] = {
        "Model": entry["model"],
        "Benchmark": entry["benchmark"],
        "Problems": summary["problems"],
        "Samples": summary["samples"],
    }
    for name, title in COLUMNS.items():
        found[title] = 100 * summary[name]["value"]
        found[f"{title} 95%"] = f"{100 * summary[name]['low']:.1f} to {100 * summary[name]['high']:.1f}"
    return found


def main(options: Namespace) -> None:
    summaries = {path: read_json(path) for path in options.summaries}
    frame = pd.DataFrame(
        [row(entry, summaries[path]) for path, entry in pair_entries(options.summaries, options.entries)]
    )
    unjudged = sum(summary["unjudged"] for summary in summaries.values())
    note = (
        "pass@1 (%) of the sample that the scoring system rates best and of the one that it rates worst; "
        "error rate: best fails and worst passes. Over all problems with a sample that was judged; "
        f"{unjudged} had none. Intervals: bootstrap over problems."
    )
    title = f"Table 4: the scoring system ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex)
    manifests = {path: summary["manifest"] for path, summary in summaries.items()}
    write_json(options.manifest, {"inputs": digest_files(*options.summaries), "of": manifests, "versions": versions()})


if __name__ == "__main__":
    run(main, arguments())
