"""Checks of the fields in benchmarks' own data: a field of the wrong type ends in a one-line error."""

import ast
import warnings
from collections.abc import Iterable

from refinement.records.errors import BadInput
from refinement.records.record_types import Record


def check_texts(where: str, record: Record, names: Iterable[str], origin: str) -> None:
    """Raise BadInput if a field is missing or not a string.

    ``origin``: the benchmark that the data should come from, for the message.
    """
    for name in names:
        if not isinstance(record.get(name), str):
            raise BadInput(f"{where}: field '{name}' must be a text; is this a file of {origin}?")


def parse_program(code: str, what: str) -> ast.Module:
    """The syntax tree of a program in the data. Raises BadInput.

    ``what``: the location and a description of the code, for the message.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes in the data
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # NUL and lone surrogates raise ValueError
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "nested too deep"
        raise BadInput(f"{what} ({reason}); download the data again") from None
