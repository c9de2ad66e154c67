"""Draw figure 6: pass@1 of each student over the iterations of the method, with 95% intervals."""

import math
from argparse import ArgumentParser, Namespace

import pandas as pd
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator

from refinement.results.figures import (
    BLUE,
    GREEN,
    MARKERS,
    ORANGE,
    add_figure_options,
    error_bars,
    write_figure,
    write_note,
)
from refinement.results.pass_rates import frame_passes, problems_not_run
from refinement.results.tables import NOT_RUN, describe_not_run
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_benchmark")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student and benchmark of each summary"
    )
    options.add_argument("--final", type=int, required=True, help="T, the method's last iteration")
    add_figure_options(options)
    return options


def draw(frame: pd.DataFrame, final: int, label: str, not_run: str = "") -> pyplot.Figure:
    """Draw a panel for each student, with a line for each benchmark; ``not_run``: the note below the figure."""
    students = list(dict.fromkeys(frame["student"]))
    figure, axes = pyplot.subplots(1, len(students), figsize=(4.8 * len(students) + 0.6, 3.6), squeeze=False)
    for axis, student in zip(axes[0], students, strict=True):
        mine = frame[frame["student"] == student]
        for index, (benchmark, rows) in enumerate(mine.groupby("benchmark", sort=False)):
            axis.errorbar(
                rows["iteration"],
                rows["pass@1"],
                error_bars(rows),
                marker=MARKERS[index % len(MARKERS)],
                color=(BLUE, ORANGE, GREEN)[index % 3],
                linestyle=("-", "--", ":", "-.")[index % 4],
                capsize=3,
                label=f"{benchmark} ({NOT_RUN})" if rows["pass@1"].isna().all() else benchmark,
            )
        if mine["iteration"].max() > final:
            axis.axvline(final, color="0.6", linewidth=0.8, linestyle=":")
            place = {"xycoords": ("data", "axes fraction"), "xytext": (3, 3), "textcoords": "offset points"}
            axis.annotate("T", (final, 0.0), **place, color="0.4")
        axis.set(xlabel="Iteration", title=student)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0][0].set_ylabel("pass@1 (%)")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, ncols=2)
    figure.suptitle(f"Figure 6: pass@1 over more iterations ({label})")
    write_note(figure, not_run, -0.06 * math.ceil(len(names) / 2) - 0.03)
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    frame = frame_passes(options.summaries, options.entries)
    not_run = describe_not_run(problems_not_run(options.summaries, options.entries))
    write_figure(frame, draw(frame, options.final, options.label, not_run), options)


if __name__ == "__main__":
    run_step(main, arguments())
