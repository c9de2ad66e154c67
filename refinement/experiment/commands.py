"""Convert settings to command-line arguments."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def as_json(value: Any) -> str:
    """A setting as one JSON argument; rules must quote it with ``:q``."""
    return json.dumps(value, sort_keys=True)


def as_list(value: str | list[str]) -> list[str]:
    """A setting that is one text or a list of texts, as a list."""
    return [value] if isinstance(value, str) else value


def option(name: str, paths: Iterable[str]) -> list[str]:
    """The command-line option ``name`` for each of some files; empty without files."""
    return [f"--{name}={path}" for path in paths]


def existing_path(name: str) -> list[str]:
    """A file or folder that a config names, as the input of a rule; empty for a name on the hub."""
    return [name] if Path(name).exists() else []
