"""Tabulate pass@1 by iteration with 95% intervals (the form of Tables 1 and 2)."""

from argparse import ArgumentParser, Namespace

import pandas as pd

from refinecoder.manifest import digest_files, versions
from refinecoder.passes import frame_passes
from refinecoder.records import read_json, write_json
from refinecoder.steps import json_value, parser, run
from refinecoder.tables import add_table_options, write_table

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
    add_table_options(options)
    options.add_argument("--manifest", required=True, help="JSON: where the numbers come from")
    return options


def shape(passes: pd.DataFrame) -> pd.DataFrame:
    """The table as it is read: one row a model and benchmark, with the gain over M_0 in points.

    A baseline has neither iterations nor a gain.
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


def main(options: Namespace) -> None:
    frame = shape(frame_passes(options.summaries, options.entries))
    note = "Intervals: bootstrap over problems, one training run. Gain: points over iteration 0."
    title = f"{TITLES[options.name]} ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex)
    manifests = {path: read_json(path)["manifest"] for path in options.summaries}
    write_json(options.manifest, {"inputs": digest_files(*options.summaries), "of": manifests, "versions": versions()})


if __name__ == "__main__":
    run(main, arguments())
