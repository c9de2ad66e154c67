"""Figures as SVG, PDF and PNG that repeat to the byte."""

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure

from refinecoder.records import whole

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


def save_figure(figure: Figure, svg: str, pdf: str, png: str) -> None:
    """Write one figure in three formats, without dates."""
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    for path, kind in ((svg, "svg"), (pdf, "pdf"), (png, "png")):
        with whole(path) as temporary:
            figure.savefig(temporary, format=kind, bbox_inches="tight", metadata=metadata[kind])
    pyplot.close(figure)
