"""Figures as SVG, PDF and PNG; the same data give the same bytes."""

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

# From Okabe and Ito's palette: colour-blind readers can tell these colours apart, and so can readers of a grey print.
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
MAX_COLUMNS = 4  # of panels


def grid_shape(panels: int) -> tuple[int, int]:
    """The numbers of rows and columns of a figure with this many panels."""
    return math.ceil(panels / MAX_COLUMNS), min(panels, MAX_COLUMNS)


def mark_not_run(axis: Axes) -> None:
    """Write into a panel that the benchmark was not run."""
    axis.set_xticks([])
    axis.text(0.5, 0.5, NOT_RUN, transform=axis.transAxes, ha="center", va="center")


def write_note(figure: Figure, note: str, place: float) -> None:
    """Write a note below a figure, with its top at the height ``place`` in figure coordinates; skip an empty note."""
    if note:
        lines = textwrap.fill(note.strip(), int(13 * figure.get_figwidth()), break_on_hyphens=False)
        figure.text(0.5, place, lines, ha="center", va="top", fontsize=9)


def add_figure_options(options: ArgumentParser) -> None:
    """Add the options of a step that draws a figure."""
    options.add_argument("--label", required=True, help="the experiment's label, for the title")
    options.add_argument("--svg", required=True)
    options.add_argument("--pdf", required=True)
    options.add_argument("--png", required=True)
    options.add_argument("--csv", required=True, help="CSV: the figure's data")


def write_figure(frame: pd.DataFrame, figure: Figure, options: Namespace) -> None:
    """Write a figure and its data to the files that the options of :func:`add_figure_options` name."""
    with atomic_write(options.csv) as path:
        frame.to_csv(path, index=False)
    save_figure(figure, options.svg, options.pdf, options.png)


def error_bars(rows: pd.DataFrame) -> Sequence[pd.Series]:
    """The lengths of the error bars below and above ``pass@1``, from the columns ``low`` and ``high``."""
    return [rows["pass@1"] - rows["low"], rows["high"] - rows["pass@1"]]


def save_figure(figure: Figure, svg: str, pdf: str, png: str) -> None:
    """Write one figure in three formats, without the dates that would change the bytes."""
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    for path, kind in ((svg, "svg"), (pdf, "pdf"), (png, "png")):
        with atomic_write(path) as temporary:
            figure.savefig(temporary, format=kind, bbox_inches="tight", metadata=metadata[kind])
    pyplot.close(figure)
