"""Tables as CSV, Markdown and LaTeX."""

import math
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from numbers import Integral

import pandas as pd

from refinement.records.files import atomic_write


def add_table_options(options: ArgumentParser) -> None:
    """The options of a step that writes a table."""
    options.add_argument("--label", required=True, help="what kind of run this is")
    options.add_argument("--csv", required=True)
    options.add_argument("--markdown", required=True)
    options.add_argument("--latex", required=True)


_LATEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)
NOT_RUN = "not run"  # in the place of a score


def tell_not_run(missing: Mapping[str, tuple[int, Sequence[str]]]) -> str:
    """A sentence for a table's or figure's note on what was not run, by its name; empty where all was.

    ``missing``: how many problems of a benchmark, and what they miss.
    """
    told = [f"{name}, {number} problems ({'; '.join(why)})" for name, (number, why) in missing.items() if number]
    return f" Not run: {'; '.join(told)}." if told else ""


def _shown(value: object, decimals: int) -> object:
    """A number as it is read, a large one in groups of three digits; nothing where there is none."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
    return f"{value:,}" if isinstance(value, Integral) and abs(value) >= 10_000 else value


def write_table(
    frame: pd.DataFrame, title: str, note: str, csv: str, markdown: str, latex: str, decimals: int = 1
) -> None:
    """One table in three formats; ``title`` and ``note`` stand in the two that people read."""
    with atomic_write(csv) as path:
        frame.to_csv(path, index=False)
    shown = frame.map(lambda value: _shown(value, decimals))
    with atomic_write(markdown) as path:
        body = shown.to_markdown(index=False, disable_numparse=True)
        path.write_text(f"# {title}\n\n{body}\n\n{note}\n", encoding="utf-8")
    with atomic_write(latex) as path:
        caption = f"{title}. {note}".translate(_LATEX)  # pandas escapes cells alone
        path.write_text(shown.to_latex(index=False, caption=caption, escape=True), encoding="utf-8")
