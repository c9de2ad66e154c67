"""Fields of benchmarks' own data: what is of another type than it should be ends in one line."""

import ast
import warnings
from collections.abc import Iterable

from refinement.records.errors import BadInput
from refinement.records.record_types import Record


def check_texts(where: str, record: Record, names: Iterable[str], origin: str) -> None:
    """Raise BadInput for a field that is missing or no text; ``origin``: whose data it should be."""
    for name in names:
        if not isinstance(record.get(name), str):
            raise BadInput(f"{where}: field '{name}' must be a text; is this a file of {origin}?")


def parsed(code: str, what: str) -> ast.Module:
    """The tree of a program in the data. Raises BadInput; ``what``: the place and what should be a program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the data's escapes
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # NUL and half characters are ValueErrors
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "nested too deep"
        raise BadInput(f"{what} ({reason}); take the data anew") from None
