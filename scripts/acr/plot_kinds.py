"""Draw figure 5: the shares of the kinds of data in D_1, D_2, ... of each student."""

from argparse import ArgumentParser, Namespace

import pandas as pd
from matplotlib import pyplot

from refinement.methods.acr.claims import SELF_BAND
from refinement.records.errors import BadInput
from refinement.records.files import read_json
from refinement.results.figures import BLUE, GREY, ORANGE, add_figure_options, write_figure
from refinement.running.command_line import json_value, parser, run_step

BANDS = {
    SELF_BAND: (BLUE, "", ("single/self",)),
    "Critique of a lost answer, two turns": (ORANGE, "//", ("critique/original",)),
    "Kept: tie, no judgement or no critique": (
        GREY,
        "..",
        ("single/tie", "single/unjudged", "single/critique_missing"),
    ),
}


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "counts", nargs="+", help="JSON: counts of refine_dataset, student by student, all iterations of each"
    )
    options.add_argument("--students", type=json_value, required=True, help="JSON: titles of the students")
    add_figure_options(options)
    return options


def shares(path: str, student: str, iteration: int) -> dict[str, object]:
    """A row of the figure's data: the percentage of each kind among the records of D_t."""
    counts = read_json(path)
    known = {kind for _, _, kinds in BANDS.values() for kind in kinds}
    if unknown := set(counts["kinds"]) - known:
        raise BadInput(
            f"{path}: figure 5 has no band for {', '.join(sorted(unknown))}; pass counts of the method's own variant"
        )
    total = sum(counts["kinds"].values())
    bands = {
        band: 100 * sum(counts["kinds"].get(kind, 0) for kind in kinds) / total for band, (_, _, kinds) in BANDS.items()
    }
    return {"student": student, "iteration": iteration, "records": total, **bands}


def draw(frame: pd.DataFrame, label: str) -> pyplot.Figure:
    """Draw a panel for each student, with a stacked bar for each iteration."""
    students = list(dict.fromkeys(frame["student"]))
    figure, axes = pyplot.subplots(
        1, len(students), figsize=(4.6 * len(students) + 0.4, 3.6), sharey=True, squeeze=False
    )
    for axis, student in zip(axes[0], students, strict=True):
        mine = frame[frame["student"] == student]
        bottom = pd.Series(0.0, index=mine.index)
        for band, (color, hatch, _) in BANDS.items():
            bars = axis.bar(
                mine["iteration"].astype(str),
                mine[band],
                0.62,
                bottom,
                color=color,
                hatch=hatch,
                edgecolor="white",
                label=band,
            )
            names = [f"{share:.0f}%" if share >= 4 else "" for share in mine[band]]
            axis.bar_label(
                bars,
                names,
                label_type="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
            )
            bottom += mine[band]
        axis.set(xlabel="Iteration", title=student, ylim=(0, 100))
    axes[0][0].set_ylabel("Share of the data set (%)")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False)
    figure.suptitle(f"Figure 5: kinds of data by iteration ({label})")
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    each = len(options.counts) // len(options.students)
    if each * len(options.students) != len(options.counts):
        raise BadInput(
            f"{len(options.counts)} files of counts for {len(options.students)} students; "
            "give the same number for each student"
        )
    frame = pd.DataFrame(
        [shares(path, options.students[index // each], index % each + 1) for index, path in enumerate(options.counts)]
    )
    write_figure(frame, draw(frame, options.label), options)


if __name__ == "__main__":
    run_step(main, arguments())
