"""Draw figure 4: pass@1 of the first try alone, and after a second try with feedback, with 95% intervals."""

from argparse import ArgumentParser, Namespace

import pandas as pd
from matplotlib import pyplot

from refinement.methods.acr.feedback import EXECUTION_FEEDBACK, SUGGESTION
from refinement.records.files import read_json
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
from refinement.results.pass_rates import pair_entries, percentages, problems_not_run
from refinement.results.tables import describe_not_run
from refinement.running.command_line import json_value, parser, run_step

KINDS = {
    "none": ("First try", GREY, ""),
    EXECUTION_FEEDBACK: ("and execution feedback", BLUE, "//"),
    SUGGESTION: ("and the teacher's suggestion", ORANGE, ".."),
}
TRIED = ("iteration", "feedback", "problems", "pass@1", "low", "high", "failed_first", "repaired")


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_feedback")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student and benchmark of each summary"
    )
    options.add_argument("--format", required=True, help="the format of the second tries' prompts, for the title")
    options.add_argument("--cases", required=True, help="which failing cases the prompts may show, for the title")
    add_figure_options(options)
    return options


def frame_tries(options: Namespace) -> pd.DataFrame:
    """A data frame with a row for each student, benchmark, iteration and kind of feedback; pass@1 in percent."""
    rows = [
        {**entry, **{name: tries[name] for name in TRIED}, **percentages(tries)}
        for path, entry in pair_entries(options.summaries, options.entries)
        for tries in read_json(path)["tries"]
    ]
    return pd.DataFrame(rows)


def draw(frame: pd.DataFrame, note: str, label: str, not_run: str = "") -> pyplot.Figure:
    """Draw a panel for each student and benchmark, with groups of bars by iteration.

    ``note``: for the title; ``not_run``: the note below the figure.
    """
    groups = list(frame.groupby(["student", "benchmark"], sort=False))
    students = frame["student"].nunique()
    down, across = grid_shape(len(groups))
    size = (3.6 * across + 0.6, 3.6 * down)
    figure, axes = pyplot.subplots(down, across, figsize=size, sharey=True, squeeze=False)
    for axis in axes.flat[len(groups) :]:
        axis.remove()
    for axis, ((student, benchmark), rows) in zip(axes.flat, groups, strict=False):
        iterations = list(dict.fromkeys(rows["iteration"]))
        for place, (kind, (name, color, hatch)) in enumerate(KINDS.items()):
            mine = rows[rows["feedback"] == kind]
            axis.bar(
                [index + 0.27 * (place - 1) for index in range(len(iterations))],
                mine["pass@1"],
                0.25,
                yerr=error_bars(mine),
                color=color,
                hatch=hatch,
                edgecolor="white",
                error_kw={"elinewidth": 1, "capsize": 2},
                label=name,
            )
        axis.set(title=benchmark if students == 1 else f"{student}\n{benchmark}", xlabel="Iteration", ylim=(0, 100))
        axis.set_xticks(range(len(iterations)), iterations)
        if rows["pass@1"].isna().all():
            mark_not_run(axis)
    for row in axes:
        row[0].set_ylabel("pass@1 (%)")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, ncols=3)
    figure.suptitle(f"Figure 4: a second try with feedback ({label}; {note})")
    write_note(figure, not_run, -0.09 if down == 1 else -0.05)
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    frame = frame_tries(options)
    note = f"{options.format.replace('_', '-')} format, {options.cases} cases"
    not_run = describe_not_run(problems_not_run(options.summaries, options.entries, "tries"))
    write_figure(frame, draw(frame, note, options.label, not_run), options)


if __name__ == "__main__":
    run_step(main, arguments())
