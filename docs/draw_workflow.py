"""Draw docs/workflow.svg: the way from snippets to tables. Used by `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from matplotlib import pyplot
from matplotlib.patches import FancyBboxPatch

from refinement.results.figures import BLUE, GREEN, GREY, ORANGE

WIDTH, HEIGHT = 1.9, 0.62
BOXES = {
    "snippets\n(real functions)": (10, 3, GREY),
    "concepts and\ninstructions": (7.5, 3, ORANGE),
    "evolution,\nleakage gate": (5, 3, ORANGE),
    "answers: $D_0$": (2.5, 3, ORANGE),
    "base model": (0, 1.9, BLUE),
    "train $M_t$ from\nthe base on $D_t$": (2.5, 1.9, BLUE),
    "sample n\nanswers": (5, 1.9, BLUE),
    "execute": (7.5, 2.15, GREEN),
    "judge each": (7.5, 1.4, ORANGE),
    "choose the best,\ncompare with $y^0$": (10, 1.9, ORANGE),
    "criticize\nwhat lost": (10, 0.7, ORANGE),
    "refine: $D_{t+1}$": (5, 0.7, GREY),
    "benchmarks,\ntables, figures": (0, 0.7, GREEN),
}
ARROWS = [
    (0, 1), (1, 2), (2, 3), (4, 5), (3, 5), (5, 6), (6, 7), (6, 8), (7, 9), (8, 9), (9, 10), (10, 11), (11, 5), (5, 12),
]  # fmt: skip
LEGEND = {"student": BLUE, "teacher, judge, critic": ORANGE, "sandbox": GREEN, "records": GREY}


def side(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Where an arrow to ``end`` leaves (or reaches) the box at ``start``."""
    x, y = end[0] - start[0], end[1] - start[1]
    if abs(x) * HEIGHT > abs(y) * WIDTH:
        return start[0] + (WIDTH / 2 + 0.04) * (1 if x > 0 else -1), start[1]
    return start[0], start[1] + (HEIGHT / 2 + 0.04) * (1 if y > 0 else -1)


def main() -> None:
    """Draw boxes, arrows and legend."""
    figure, axis = pyplot.subplots(figsize=(10.5, 3.9))
    places = [(x, y) for x, y, _ in BOXES.values()]
    for text, (x, y, color) in BOXES.items():
        corner = (x - WIDTH / 2, y - HEIGHT / 2)
        axis.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, "round,pad=0.02", fc="white", ec=color, lw=2.2))
        axis.text(x, y, text, ha="center", va="center", fontsize=9.5)
    for start, end in ARROWS:
        tip, tail = side(places[end], places[start]), side(places[start], places[end])
        axis.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": "#444444", "lw": 1.2})
    for name, color in LEGEND.items():
        axis.plot([], [], color=color, lw=4, label=name)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, -0.1), ncol=4, frameon=False, fontsize=9)
    axis.set(xlim=(-1.1, 11.1), ylim=(0.1, 3.5))
    axis.axis("off")
    figure.savefig(Path(__file__).with_name("workflow.svg"), bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main()
