"""Tables as CSV, Markdown and LaTeX."""

import math
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from numbers import Integral

import pandas as pd

from refinement.records.files import atomic_write


def add_table_options(options: ArgumentParser) -> None:
    """Add the options of a step that writes a table."""
    options.add_argument("--label", required=True, help="the experiment's label, for the title")
    options.add_argument("--csv", required=True, help="the table as CSV")
    options.add_argument("--markdown", required=True, help="the table as Markdown")
    options.add_argument("--latex", required=True, help="the table as LaTeX")


_LATEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)
NOT_RUN = "not run"  # written in place of a score


def describe_not_run(missing: Mapping[str, tuple[int, Sequence[str]]]) -> str:
    """A sentence for the note of a table or figure about problems that were not executed; empty if there are none.

    ``missing``: by the title of a benchmark, the number of such problems and what they lack.
    """
    parts = [f"{name}, {number} problems ({'; '.join(why)})" for name, (number, why) in missing.items() if number]
    return f" Not run: {'; '.join(parts)}." if parts else ""


def _shown(value: object, decimals: int) -> object:
    """A cell as readers see it: rounded, large numbers with commas, NaN as nothing."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
    return f"{value:,}" if isinstance(value, Integral) and abs(value) >= 10_000 else value


def write_table(
    frame: pd.DataFrame, title: str, note: str, csv: str, markdown: str, latex: str, decimals: int = 1
) -> None:
    """Write one table in three formats; ``title`` and ``note`` appear in the Markdown and the LaTeX."""
    with atomic_write(csv) as path:
        frame.to_csv(path, index=False)
    shown = frame.map(lambda value: _shown(value, decimals))
    with atomic_write(markdown) as path:
        body = shown.to_markdown(index=False, disable_numparse=True)
        path.write_text(f"# {title}\n\n{body}\n\n{note}\n", encoding="utf-8")
    with atomic_write(latex) as path:
        caption = f"{title}. {note}".translate(_LATEX)  # pandas escapes only the cells
        path.write_text(shown.to_latex(index=False, caption=caption, escape=True), encoding="utf-8")
