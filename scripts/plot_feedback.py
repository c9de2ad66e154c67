"""Figure 4: pass@1 with the first try alone and after one more with feedback, with 95% intervals."""

from argparse import ArgumentParser, Namespace

import pandas as pd
from matplotlib import pyplot

from refinecoder.acr.feedback import EXECUTION, SUGGESTION
from refinecoder.figures import BLUE, GREY, ORANGE, add_figure_options, error_bars, write_figure
from refinecoder.passes import pair_entries
from refinecoder.records import read_json
from refinecoder.steps import json_value, parser, run

KINDS = {
    "none": ("First try", GREY, ""),
    EXECUTION: ("and execution feedback", BLUE, "//"),
    SUGGESTION: ("and the teacher's suggestion", ORANGE, ".."),
}


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("summaries", nargs="+", help="JSON: summaries of score_feedback")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student and benchmark of each summary"
    )
    options.add_argument("--format", required=True, help="how second tries are asked for")
    options.add_argument("--cases", required=True, help="which failing cases are shown")
    add_figure_options(options)
    return options


def frame_tries(options: Namespace) -> pd.DataFrame:
    """A row for each student, benchmark, iteration and kind of feedback; percentages."""
    rows = [
        {**entry, **tries, **{name: 100 * tries[name] for name in ("pass@1", "low", "high")}}
        for path, entry in pair_entries(options.summaries, options.entries)
        for tries in read_json(path)["tries"]
    ]
    return pd.DataFrame(rows)


def draw(frame: pd.DataFrame, note: str, label: str) -> pyplot.Figure:
    """Groups of bars by iteration, axes for each student and benchmark."""
    groups = list(frame.groupby(["student", "benchmark"], sort=False))
    students = frame["student"].nunique()
    figure, axes = pyplot.subplots(1, len(groups), figsize=(3.6 * len(groups) + 0.6, 3.6), sharey=True, squeeze=False)
    for axis, ((student, benchmark), rows) in zip(axes[0], groups, strict=True):
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
    axes[0][0].set_ylabel("pass@1 (%)")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, ncols=3)
    figure.suptitle(f"Figure 4: a second try with feedback ({label}; {note})")
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    frame = frame_tries(options)
    note = f"{options.format.replace('_', '-')} format, {options.cases} cases"
    write_figure(frame, draw(frame, note, options.label), options)


if __name__ == "__main__":
    run(main, arguments())
