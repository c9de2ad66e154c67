"""Figures as SVG, PDF and PNG that repeat to the byte."""

import math
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")

import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from refinement.records.files import atomic_write
from refinement.results.tables import NOT_RUN

# Okabe and Ito's palette: told apart by colour-blind readers and, by its lightness, in grey.
BLUE, ORANGE, GREY, GREEN = "#0072B2", "#E69F00", "#BBBBBB", "#009E73"

pyplot.rcParams.update(
    {
        "svg.hashsalt": "refinecoder",
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.dpi": 100,
        "savefig.dpi": 200,
    }
)


MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "d", "p")
ACROSS = 4  # panels side by side, at most


def lay_out(panels: int) -> tuple[int, int]:
    """Rows and columns of a figure with so many panels."""
    return math.ceil(panels / ACROSS), min(panels, ACROSS)


def write_not_run(axis: Axes) -> None:
    """Say in a panel that there is nothing to draw."""
    axis.set_xticks([])
    axis.text(0.5, 0.5, NOT_RUN, transform=axis.transAxes, ha="center", va="center")


def write_note(figure: Figure, note: str, place: float) -> None:
    """A note below a figure, at a height in its own units; nothing for none."""
    if note:
        lines = textwrap.fill(note.strip(), int(13 * figure.get_figwidth()), break_on_hyphens=False)
        figure.text(0.5, place, lines, ha="center", va="top", fontsize=9)


def add_figure_options(options: ArgumentParser) -> None:
    """The options of a step that draws a figure."""
    options.add_argument("--label", required=True, help="what kind of run this is")
    options.add_argument("--svg", required=True)
    options.add_argument("--pdf", required=True)
    options.add_argument("--png", required=True)
    options.add_argument("--csv", required=True, help="the figure's data")


def write_figure(frame: pd.DataFrame, figure: Figure, options: Namespace) -> None:
    """Write a figure and its data to where :func:`add_figure_options` says."""
    with atomic_write(options.csv) as path:
        frame.to_csv(path, index=False)
    save_figure(figure, options.svg, options.pdf, options.png)


def error_bars(rows: pd.DataFrame) -> Sequence[pd.Series]:
    """Lengths below and above of the intervals in columns ``low`` and ``high`` around ``pass@1``."""
    return [rows["pass@1"] - rows["low"], rows["high"] - rows["pass@1"]]


def save_figure(figure: Figure, svg: str, pdf: str, png: str) -> None:
    """Write one figure in three formats, without dates."""
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    for path, kind in ((svg, "svg"), (pdf, "pdf"), (png, "png")):
        with atomic_write(path) as temporary:
            figure.savefig(temporary, format=kind, bbox_inches="tight", metadata=metadata[kind])
    pyplot.close(figure)
