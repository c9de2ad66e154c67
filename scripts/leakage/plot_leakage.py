"""Draw Figure 7: the most similar records of each data set and benchmark, each at its nearest question."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import pyplot

from refinement.records.files import read_json
from refinement.results.figures import BLUE, ORANGE, add_figure_options, write_figure
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("measured", help="JSON: the output of measure_leakage")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: the config's entries of data sets and benchmarks"
    )
    add_figure_options(options)
    return options


def points(measured: Mapping[str, Any], entries: Mapping[str, Any]) -> pd.DataFrame:
    """Make a row for each record that is drawn."""
    datasets, benchmarks = (
        {entry["name"]: entry["title"] for entry in entries[key]} for key in ("datasets", "benchmarks")
    )
    return pd.DataFrame(
        {
            "dataset": datasets[found["dataset"]],
            "benchmark": benchmarks[found["benchmark"]],
            "questions": found["questions"],
            **place,
            "tli": found["padded"]["tli"],
        }
        for found in measured["results"]
        for place in found["top"]
    )


def draw_panel(axis: Any, rows: pd.DataFrame, title: str) -> None:
    """Draw one data set against one benchmark; leaked records have another shape and colour."""
    for leaked, marker, color in ((False, "o", BLUE), (True, "^", ORANGE)):
        mine = rows[rows["leaked"] == leaked]
        axis.scatter(mine["question"], mine["similarity"], s=16, marker=marker, facecolor=color if leaked else "none",
                     edgecolor="black" if leaked else color, linewidth=0.6, zorder=2)  # fmt: skip
    tli, right = rows["tli"].iloc[0], rows["questions"].iloc[0]
    axis.axhline(tli / 100, color="black", linewidth=1.2, linestyle="--", zorder=3)
    axis.set(title=f"{title}, TLI {tli:.1f}", xlim=(-0.02 * right, 1.02 * right))
    low, high = min(rows["similarity"].min(), tli / 100), max(rows["similarity"].max(), tli / 100)
    margin = 0.08 * (high - low) or 0.05
    axis.set_ylim(low - margin, high + margin)


def draw(frame: pd.DataFrame, label: str) -> pyplot.Figure:
    """Draw a row of panels for each data set, with a column for each benchmark."""
    datasets, benchmarks = list(dict.fromkeys(frame["dataset"])), list(dict.fromkeys(frame["benchmark"]))
    size = (3.3 * len(benchmarks) + 0.8, 2.5 * len(datasets) + 1)
    figure, axes = pyplot.subplots(len(datasets), len(benchmarks), figsize=size, squeeze=False)
    for row, dataset in zip(axes, datasets, strict=True):
        for axis, benchmark in zip(row, benchmarks, strict=True):
            mine = frame[(frame["dataset"] == dataset) & (frame["benchmark"] == benchmark)]
            draw_panel(axis, mine, f"{dataset}\n{benchmark}")
        row[0].set_ylabel("similarity")
    for axis in axes[-1]:
        axis.set_xlabel("number of the nearest question")
    shown = frame.groupby(["dataset", "benchmark"]).size().max()
    figure.suptitle(f"Figure 7: the {shown} records nearest to a benchmark ({label})")
    legend = (
        "Triangles: records that count as leaked. Circles: others. Dashed: the TLI. Each panel has a scale of its own."
    )
    figure.text(0.5, 0.0, legend, ha="center", va="top", fontsize=9)
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    frame = points(read_json(options.measured), options.entries)
    write_figure(frame, draw(frame, options.label), options)


if __name__ == "__main__":
    run_step(main, arguments())
