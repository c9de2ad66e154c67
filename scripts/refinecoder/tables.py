"""Tables as CSV, Markdown and LaTeX."""

from argparse import ArgumentParser

import pandas as pd

from refinecoder.records import whole


def add_table_options(options: ArgumentParser) -> None:
    """The options of a step that writes a table."""
    options.add_argument("--label", required=True, help="what kind of run this is")
    options.add_argument("--csv", required=True)
    options.add_argument("--markdown", required=True)
    options.add_argument("--latex", required=True)


def write_table(
    frame: pd.DataFrame, title: str, note: str, csv: str, markdown: str, latex: str, decimals: int = 1
) -> None:
    """One table in three formats; ``title`` and ``note`` stand in the two that people read."""
    with whole(csv) as path:
        frame.to_csv(path, index=False)
    shown = frame.map(lambda value: f"{value:.{decimals}f}" if isinstance(value, float) else value)
    with whole(markdown) as path:
        body = shown.to_markdown(index=False, disable_numparse=True)
        path.write_text(f"# {title}\n\n{body}\n\n{note}\n", encoding="utf-8")
    with whole(latex) as path:
        path.write_text(shown.to_latex(index=False, caption=f"{title}. {note}", escape=True), encoding="utf-8")
