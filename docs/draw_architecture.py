"""Draw docs/architecture.svg: the layers of the project and what each may import. Used by `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from refinement.results.figures import BLUE, GREEN, GREY, ORANGE

WIDTH, HEIGHT, GAP = 10.0, 0.8, 0.26
# From the top. A layer: its color, and the boxes in it, each a name with what the folder holds.
LAYERS = [
    (
        GREY,
        [
            ("Snakefile, rules/", "what is made from what, and where it lies"),
            ("scripts/{area}/", "the steps: one command each"),
        ],
    ),
    (
        ORANGE,
        [
            (
                "refinement/methods/{method}",
                "what only this method knows: its stages, readers of answers, tables and figures",
            )
        ],
    ),
    (BLUE, [("refinement/experiment", "one config: its schema, chains of iterations, tables and figures, resources")]),
    (BLUE, [("refinement/results", "tables, figures, claims, plan, page")]),
    (
        GREEN,
        [
            ("refinement/benchmarks", "data to problems, answers to programs"),
            ("refinement/miniature", "small worlds and scripted roles"),
        ],
    ),
    (
        GREEN,
        [
            ("answers", "texts to values"),
            ("completion", "requests to\nresponses"),
            ("sandbox", "programs to\nexecutions"),
            ("training", "data sets to\nmodels"),
            ("leakage", "texts to\noverlaps"),
        ],
    ),
    (GREY, [("refinement/running", "processes, GPUs, SLURM, the command line of a step")]),
    (GREY, [("refinement/records", "records and their types, files, accounts, digests, seeds")]),
]


def draw_layer(axis: Axes, top: float, height: float, color: str, boxes: list[tuple[str, str]]) -> None:
    """Draw the boxes of one layer side by side."""
    width = (WIDTH - GAP * (len(boxes) - 1)) / len(boxes)
    for number, (name, role) in enumerate(boxes):
        left = number * (width + GAP)
        axis.add_patch(
            FancyBboxPatch((left, top - height), width, height, "round,pad=0.02", fc="white", ec=color, lw=2.2)
        )
        middle, lines = left + width / 2, role.count("\n")
        axis.text(middle, top - 0.24, name, ha="center", va="center", fontsize=10, weight="bold")
        axis.text(middle, top - 0.56 - 0.12 * lines, role, ha="center", va="center", fontsize=9)


def main() -> None:
    """Draw the layers, and the arrow that says which way imports go."""
    figure, axis = pyplot.subplots(figsize=(9.6, 7.0))
    top = 0.0
    for color, boxes in LAYERS:
        height = HEIGHT + 0.24 * max(role.count("\n") for _, role in boxes)
        draw_layer(axis, top, height, color, boxes)
        top -= height + GAP
    bottom = top + GAP
    axis.annotate("", (-0.45, bottom), (-0.45, 0), arrowprops={"arrowstyle": "-|>", "color": "#444444", "lw": 1.4})
    axis.text(-0.72, bottom / 2, "may import", rotation=90, ha="center", va="center", fontsize=10)
    axis.set(xlim=(-1.0, WIDTH + 0.1), ylim=(bottom - 0.1, 0.1))
    axis.axis("off")
    figure.savefig(Path(__file__).with_name("architecture.svg"), bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main()
