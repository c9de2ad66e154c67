"""Make a table of pass@1 by iteration with 95% intervals, beside published values (RefineCoder, Tables 1, 2 and 5)."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.records.files import read_json, write_json
from refinement.records.manifest import digest_files, versions
from refinement.results.pass_rates import frame_passes, problems_not_run
from refinement.results.reference import Reference, load_reference, published_passes
from refinement.results.tables import NOT_RUN, add_table_options, describe_not_run, write_table
from refinement.running.command_line import json_value, parser, run_step

TITLES = {
    "table1": "Table 1: pass@1 (%) on advanced benchmarks",
    "table2": "Table 2: pass@1 (%) on fundamental benchmarks",
    "table5": "Table 5: pass@1 (%) in other languages",
    "baselines": "Baselines: pass@1 (%)",
}
AVERAGE = "Average"
NOTE = "Intervals: bootstrap over problems, one training run. Gain: points over iteration 0."
OF_AVERAGES = (
    " Average: mean of the pass@1 above it, given where all of them were run. Published: the paper's; its averages "
    "only beside the same benchmarks, as it prints them."
)


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_benchmark")
    options.add_argument(
        "--entries",
        type=json_value,
        required=True,
        help="JSON: student and benchmark of each summary, and their row and column in the paper's tables",
    )
    options.add_argument("--name", choices=sorted(TITLES), required=True, help="which table to make")
    options.add_argument("--reference", help="YAML: the paper's published numbers, to show beside ours")
    add_table_options(options)
    options.add_argument("--manifest", required=True, help="JSON: the inputs, models and versions of the table")
    return options


def shape(passes: pd.DataFrame) -> pd.DataFrame:
    """The columns of the table: a row for each model and benchmark, with the gain over M_0 in percentage points.

    A baseline has neither an iteration nor a gain.
    """
    first = passes.groupby(["student", "benchmark"], sort=False)["pass@1"].transform("first")
    refined = passes["baseline"].isna() if "baseline" in passes else passes["iteration"] >= 0
    return pd.DataFrame(
        {
            "Model": passes["student"].where(
                ~refined, passes["student"] + ", iteration " + passes["iteration"].astype(str)
            ),
            "Benchmark": passes["benchmark"],
            "Problems": passes["problems"],
            "pass@1": passes["pass@1"],
            "95% low": passes["low"],
            "95% high": passes["high"],
            "Gain": (passes["pass@1"] - first).where(refined),
        }
    )


def with_averages(passes: pd.DataFrame) -> pd.DataFrame:
    """Add rows after those of each model: its mean over the benchmarks, by iteration.

    The mean is NaN if any of the benchmarks was not run.
    """
    parts = []
    for _, rows in passes.groupby("student", sort=False):
        parts.append(rows)
        if rows["benchmark"].nunique() > 1:
            same = [name for name in ("student", "iteration", "baseline", "row") if name in rows]
            means = rows.groupby("iteration", sort=False).agg(
                {**dict.fromkeys(same, "first"), "pass@1": lambda values: values.mean(skipna=False)}
            )
            parts.append(means.assign(benchmark=AVERAGE, column=AVERAGE))
    return pd.concat(parts, ignore_index=True)


def published_of(passes: pd.DataFrame, reference: Reference, name: str) -> list[float | None]:
    """The paper's value for each row; the paper's average only if it is over the same benchmarks."""
    known = published_passes(reference)
    table = reference["tables"].get(name, {"columns": {}, "rows": {}})
    columns = set(passes["column"].dropna()) - {AVERAGE}
    averages = {
        (row, AVERAGE): value
        for place, (column, entry) in enumerate(table["columns"].items())
        if set(entry.get("mean_of", ())) == columns and passes["column"].notna().all()
        for row, values in table["rows"].items()
        if (value := values[place]) is not None
    }
    return [
        (known | averages).get((f"{row['row']} Iter{row['iteration']}" if pd.isna(row.get("baseline")) else row["row"],
                                row["column"]))
        for row in passes.to_dict("records")
    ]  # fmt: skip


def make_table(
    summaries: Sequence[str], entries: Sequence[Mapping[str, Any]], name: str, reference: Reference | None
) -> pd.DataFrame:
    """Make the table; with a reference, add averages and the published values."""
    passes = frame_passes(summaries, entries)
    if reference:
        passes = passes.reindex(columns=[*passes, *({"row", "column"} - set(passes))])
        passes = with_averages(passes)
    frame = shape(passes)
    if reference:
        frame["Problems"] = passes["problems"].astype("Int64").astype(object).where(passes["problems"].notna(), "")
        frame["Published"] = pd.Series(published_of(passes, reference, name), dtype=float)
    ran = passes["pass@1"].notna()
    return frame if ran.all() else frame.assign(**{"pass@1": frame["pass@1"].astype(object).where(ran, NOT_RUN)})


def main(options: Namespace) -> None:
    reference = load_reference(options.reference) if options.reference else None
    frame = make_table(options.summaries, options.entries, options.name, reference)
    note = NOTE + (OF_AVERAGES if reference else "")
    note += describe_not_run(problems_not_run(options.summaries, options.entries))
    title = f"{TITLES[options.name]} ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex)
    manifests = {path: read_json(path)["manifest"] for path in options.summaries}
    inputs = digest_files(*options.summaries, *([options.reference] if options.reference else []))
    write_json(options.manifest, {"inputs": inputs, "of": manifests, "versions": versions()})


if __name__ == "__main__":
    run_step(main, arguments())
