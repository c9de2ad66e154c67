"""Settings as text for readers."""

from collections.abc import Mapping
from typing import Any


def as_text(value: Any) -> str:
    """A setting as text: a mapping as names and values, a list with commas, None as an empty text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {as_text(entry)}" for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(as_text, value))
    return "" if value is None else str(value)
