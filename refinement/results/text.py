"""Settings as people read them."""

from collections.abc import Mapping
from typing import Any


def as_text(value: Any) -> str:
    """A setting as people read it: mappings as name and value, lists with commas, nothing for None."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {as_text(entry)}" for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(as_text, value))
    return "" if value is None else str(value)
