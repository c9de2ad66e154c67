"""Draw figure 3: pass@1 of the method, its ablations and the controls, with 95% intervals."""

from argparse import ArgumentParser, Namespace
from typing import Any

import pandas as pd
from matplotlib import pyplot

from refinement.results.figures import (
    BLUE,
    GREY,
    ORANGE,
    add_figure_options,
    error_bars,
    grid_shape,
    mark_not_run,
    write_figure,
    write_note,
)
from refinement.results.pass_rates import frame_passes, problems_not_run
from refinement.results.tables import describe_not_run
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_benchmark")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student, variant and benchmark of each summary"
    )
    options.add_argument("--last", type=int, required=True, help="the last iteration to draw")
    add_figure_options(options)
    return options


def share_first(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the method's M_0 to each variant that has no M_0 of its own."""
    keys = ["student", "benchmark"]
    method = frame["variant"].iloc[0]
    first = frame[(frame["variant"] == method) & (frame["iteration"] == 0)]
    own = set(map(tuple, frame[frame["iteration"] == 0][[*keys, "variant"]].itertuples(index=False)))
    wanted = frame[[*keys, "variant"]].drop_duplicates()
    missing = wanted[[tuple(row) not in own for row in wanted.itertuples(index=False)]]
    shared = missing.merge(first.drop(columns="variant"), on=keys)
    order = {name: place for place, name in enumerate(dict.fromkeys(frame["variant"]))}
    both = pd.concat([frame, shared[frame.columns]])
    return both.sort_values(
        ["student", "benchmark", "variant", "iteration"],
        key=lambda column: column.map(order) if column.name == "variant" else column,
        kind="stable",
    ).reset_index(drop=True)


def draw_panel(axis: Any, rows: pd.DataFrame, title: str) -> None:
    """Draw the variants of one student on one benchmark: M_0 as a hollow dot, the last model as a full one."""
    variants = list(dict.fromkeys(rows["variant"]))
    for place, variant in enumerate(variants):
        mine = rows[rows["variant"] == variant]
        first, between, last = mine.iloc[:1], mine.iloc[1:-1], mine.iloc[-1:]
        color = BLUE if place == 0 else ORANGE if len(mine) > 1 else "black"
        axis.plot(mine["pass@1"], [place] * len(mine), color=GREY, zorder=1)
        axis.errorbar(last["pass@1"], [place], xerr=error_bars(last), fmt="o", color=color, capsize=3, zorder=3)
        axis.scatter(between["pass@1"], [place] * len(between), s=18, color=color, zorder=2)
        if len(mine) > 1:
            axis.scatter(first["pass@1"], [place], s=34, facecolor="white", edgecolor=color, zorder=2)
    reference = rows[rows["variant"] == variants[0]]["pass@1"].iloc[-1]
    axis.axvline(reference, color=BLUE, linewidth=0.8, linestyle=":")
    if rows["pass@1"].isna().all():
        mark_not_run(axis)
    axis.set(title=title, xlabel="pass@1 (%)", yticks=range(len(variants)))
    axis.set_yticklabels(variants)


def draw(frame: pd.DataFrame, label: str, not_run: str = "") -> pyplot.Figure:
    """Draw a panel for each benchmark; each student starts a new row. ``not_run``: the note below the figure."""
    students, benchmarks = list(dict.fromkeys(frame["student"])), list(dict.fromkeys(frame["benchmark"]))
    height = 0.34 * frame["variant"].nunique() + 1.3
    down, across = grid_shape(len(benchmarks))
    rows_of_axes = down * len(students)
    figure, axes = pyplot.subplots(
        rows_of_axes,
        across,
        figsize=(3.7 * across + 1.6, height * rows_of_axes),
        sharey=True,
        squeeze=False,
    )
    for student, mine in zip(students, axes.reshape(len(students), down * across), strict=True):
        for axis in mine[len(benchmarks) :]:
            axis.remove()
        for axis, benchmark in zip(mine, benchmarks, strict=False):
            rows = frame[(frame["student"] == student) & (frame["benchmark"] == benchmark)]
            draw_panel(axis, rows, benchmark if len(students) == 1 else f"{student}\n{benchmark}")
    # The panels share the y axis, so inverting it once puts the method on top in all of them.
    axes[0][0].invert_yaxis()
    last = frame["iteration"].max()
    figure.suptitle(f"Figure 3: ablations and controls after {last} iterations ({label})")
    figure.text(
        0.5,
        0.0,
        "Hollow: iteration 0. Small: between. Full, with 95% interval: last.",
        ha="center",
        va="top",
        fontsize=9,
    )
    write_note(figure, not_run, -0.05)
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    frame = frame_passes(options.summaries, options.entries)
    order = list(dict.fromkeys(frame["benchmark"]))
    frame = share_first(frame[frame["iteration"] <= options.last])
    frame = frame.sort_values("benchmark", key=lambda column: column.map(order.index), kind="stable")
    not_run = describe_not_run(problems_not_run(options.summaries, options.entries))
    write_figure(frame, draw(frame, options.label, not_run), options)


if __name__ == "__main__":
    run_step(main, arguments())
