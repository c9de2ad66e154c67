"""Readers of answers by name: a module with ``read(text)``, which gives None for an answer that it cannot read."""

import importlib
from collections.abc import Callable
from typing import Any

from refinement.records.errors import BadInput


def reader_module(name: str) -> str:
    """The module of a reader: ``verbatim`` lies in this package, ``METHOD.name`` among the answers of a method."""
    method, _, reader = name.rpartition(".")
    return f"refinement.methods.{method}.answers.{reader}" if method else f"refinement.answers.{reader}"


def load_reader(name: str) -> Callable[[str], Any]:
    """The function that reads an answer. Raises BadInput if there is no reader of that name."""
    try:
        return importlib.import_module(reader_module(name)).read
    except (ModuleNotFoundError, AttributeError):
        raise BadInput(f"--expect {name}: there is no such reader; try verbatim or anything") from None
