"""The parts of the result page: tables, notes and captions, read from the files of a run."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError

from refinement.records.errors import BadInput
from refinement.results.tables import NOT_RUN
from refinement.results.text import as_text

LONG = 30  # rows; the page folds longer tables on the screen
SHORT, WIDE = 26, 40  # characters; shorter text is kept on one line, longer text gets a wide column
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
_NUMBERS = re.compile(rf"({_NUMBER.pattern})( to {_NUMBER.pattern})?")


class Table(NamedTuple):
    """A table of texts; ``looks``: how to set each column: as ``number``, ``short``, ``wide`` or ``text``."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    looks: Sequence[str]

    @property
    def long(self) -> bool:
        """Whether the page folds the table on the screen."""
        return len(self.rows) > LONG


def look_of(column: Sequence[str]) -> str:
    """How to set a column: ``number`` if all cells are numbers or intervals, else by the length of the longest cell."""
    filled = [cell for cell in column if cell and cell != NOT_RUN]
    if filled and all(_NUMBERS.fullmatch(cell) for cell in filled):
        return "number"
    longest = max(map(len, filled), default=0)
    return "short" if longest <= SHORT else "wide" if longest > WIDE else "text"


def table_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Make a table from values."""
    cells = [[as_text(cell) for cell in row] for row in rows]
    looks = [look_of([row[index] for row in cells]) for index in range(len(columns))]
    return Table(list(columns), cells, looks)


def _rounded(column: Sequence[str], decimals: int) -> list[str]:
    """Round a column of numbers to ``decimals``; leave a column of whole numbers, or with text, as it is."""
    filled = [cell for cell in column if cell and cell != NOT_RUN]
    if not all(_NUMBER.fullmatch(cell) for cell in filled) or all(re.fullmatch(r"[-+]?\d+", cell) for cell in filled):
        return list(column)
    return [f"{float(cell):z.{decimals}f}" if cell in filled else cell for cell in column]


def _read_rows(path: str | Path) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            rows: list[list[str]] = []
            try:
                for row in reader:
                    if rows and len(row) != len(rows[0]):
                        raise BadInput(
                            f"{path}:{reader.line_num}: {len(row)} cells for {len(rows[0])} columns; "
                            "make the file again"
                        )
                    rows.append(row)
            except csv.Error as error:
                raise BadInput(f"{path}:{reader.line_num}: not CSV ({error}); make the file again") from None
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; make it first or leave it out") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start}); make the file again") from None
    return rows


def read_table(path: str | Path, decimals: int | None = 1) -> Table:
    """Read a CSV whose first line names the columns; round its numbers to ``decimals`` (None: do not round).

    Raises BadInput, with file and line, for a file that is missing or empty or has rows of different lengths.
    """
    rows = _read_rows(path)
    if not rows or not any(rows[0]):
        raise BadInput(f"{path}: the first line names no columns; make the file again")
    head, *body = rows
    if decimals is None or not body:
        return table_of(head, body)
    columns = [_rounded(column, decimals) for column in zip(*body, strict=True)]
    return table_of(head, list(zip(*columns, strict=True)))


def read_text(path: str | Path) -> str:
    """Read a text file. Raises BadInput if it is missing or not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; make it first or leave it out") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def read_title_and_note(path: str | Path) -> tuple[str, str]:
    """Read the title above and the note below a table in its Markdown file.

    Raises BadInput if there is no title.
    """
    blocks = [block.strip() for block in read_text(path).split("\n\n") if block.strip()]
    if not blocks or not blocks[0].startswith("# "):
        raise BadInput(f"{path}:1: no title ('# ...'); make the file again")
    note = blocks[-1] if len(blocks) > 1 and not blocks[-1].startswith("|") else ""
    return blocks[0].removeprefix("# "), note


def css_text(text: str) -> str:
    """A text as a CSS string; characters that could end the string or the style sheet are escaped."""
    return '"' + "".join(char if char.isalnum() or char in " ,.()-" else f"\\{ord(char):x} " for char in text) + '"'


def _environment() -> Environment:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["css_text"] = css_text
    environment.filters["text"] = as_text
    return environment


def render_template(path: str | Path, escape: bool = True, **values: Any) -> str:
    """Render a Jinja template with values; ``escape``: whether to escape them for HTML.

    Raises BadInput, in one line, for a template that is broken or names a missing value.
    """
    environment = _environment()
    environment.autoescape = escape
    try:
        return environment.from_string(read_text(path)).render(values)
    except TemplateSyntaxError as error:
        raise BadInput(f"{path}:{error.lineno}: not a Jinja template ({error.message}); correct it") from None
    except TemplateError as error:
        raise BadInput(
            f"{path}: cannot be rendered ({error.message}); correct the template, or pass the value that it names"
        ) from None


def read_caption(path: str | Path, settings: Mapping[str, Any]) -> list[str]:
    """The paragraphs of a caption of Snakemake's report, one line each."""
    text = render_template(path, escape=False, snakemake={"config": settings})
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]
