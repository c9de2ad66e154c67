"""Readers of answers by name: modules with a function ``read(text)`` that returns None for an invalid answer."""

import importlib
from collections.abc import Callable
from typing import Any

from refinement.records.errors import BadInput


def reader_module(name: str) -> str:
    """The module of a reader: ``NAME`` is in refinement.answers, ``METHOD.NAME`` in the answers of a method."""
    method, _, reader = name.rpartition(".")
    return f"refinement.methods.{method}.answers.{reader}" if method else f"refinement.answers.{reader}"


def load_reader(name: str) -> Callable[[str], Any]:
    """The ``read`` function of a reader. Raises BadInput if there is no such reader."""
    try:
        return importlib.import_module(reader_module(name)).read
    except (ModuleNotFoundError, AttributeError):
        raise BadInput(f"--expect {name}: there is no such reader; try verbatim or anything") from None
