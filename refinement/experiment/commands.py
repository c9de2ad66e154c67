"""Settings as words of a command line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def as_json(value: Any) -> str:
    """A setting as one argument; rules quote it with ``:q``."""
    return json.dumps(value, sort_keys=True)


def as_list(value: str | list[str]) -> list[str]:
    """A setting that is one text or a list of them, as a list."""
    return [value] if isinstance(value, str) else value


def option(name: str, paths: Iterable[str]) -> list[str]:
    """A command-line option for each of some files, none where there are none."""
    return [f"--{name}={path}" for path in paths]


def existing_path(name: str) -> list[str]:
    """A file or folder that a user named, to wait for; nothing for a name of the hub."""
    return [name] if Path(name).exists() else []
