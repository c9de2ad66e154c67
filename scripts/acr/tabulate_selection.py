"""Make table 4: how often the answers pass that the scoring system rates best and worst, and its error rate."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

import pandas as pd

from refinement.records.files import read_json, write_json
from refinement.records.manifest import digest_files, versions
from refinement.results.pass_rates import pair_entries, problems_not_run
from refinement.results.reference import Reference, load_reference
from refinement.results.tables import NOT_RUN, add_table_options, describe_not_run, write_table
from refinement.running.command_line import json_value, parser, run_step

COLUMNS = {"best": "Best", "mean": "Mean", "worst": "Worst", "error_rate": "Error rate"}


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_selection")
    options.add_argument("--entries", type=json_value, required=True, help="JSON: model and benchmark of each summary")
    options.add_argument("--reference", help="YAML: the paper's published numbers, to show beside ours")
    add_table_options(options)
    options.add_argument("--manifest", required=True, help="JSON: the inputs, models and versions of the table")
    return options


def published(entry: Mapping[str, str], reference: Reference) -> str:
    """The paper's values in one cell; empty if the paper has none for this model and benchmark."""
    table = reference["tables"].get("table4", {"columns": {}, "rows": {}})
    of = {column["benchmark"] for column in table["columns"].values() if column}
    values = table["rows"].get(entry.get("row"), ()) if entry.get("column") in of else ()
    named = zip(table["columns"], values, strict=False)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in named if value is not None)


def row(entry: Mapping[str, str], summary: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table: percentages with their intervals."""
    found: dict[str, Any] = {
        "Model": entry["model"],
        "Benchmark": entry["benchmark"],
        "Problems": summary["problems"],
        "Samples": summary["samples"],
    }
    for name, title in COLUMNS.items():
        if summary[name]["value"] is None:
            found |= {title: NOT_RUN, f"{title} 95%": ""}
            continue
        found[title] = 100 * summary[name]["value"]
        found[f"{title} 95%"] = f"{100 * summary[name]['low']:.1f} to {100 * summary[name]['high']:.1f}"
    return found


def main(options: Namespace) -> None:
    summaries = {path: read_json(path) for path in options.summaries}
    pairs = list(pair_entries(options.summaries, options.entries))
    frame = pd.DataFrame([row(entry, summaries[path]) for path, entry in pairs])
    if options.reference:
        reference = load_reference(options.reference)
        frame["Published"] = [published(entry, reference) for _, entry in pairs]
    unjudged = sum(summary["unjudged"] for summary in summaries.values())
    note = (
        "pass@1 (%) of the sample that the scoring system rates best and of the one that it rates worst; "
        "error rate: best fails and worst passes. Over all problems with a sample that was judged; "
        f"{unjudged} had none. Intervals: bootstrap over problems."
    ) + describe_not_run(problems_not_run(options.summaries, options.entries, rows=None))
    title = f"Table 4: the scoring system ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex)
    manifests = {path: summary["manifest"] for path, summary in summaries.items()}
    inputs = digest_files(*options.summaries, *([options.reference] if options.reference else []))
    write_json(options.manifest, {"inputs": inputs, "of": manifests, "versions": versions()})


if __name__ == "__main__":
    run_step(main, arguments())
