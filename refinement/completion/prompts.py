"""Prompt templates: text files with ``{name}`` where a value goes."""

import re
from pathlib import Path

from refinement.records.errors import BadInput

_FIELD = re.compile(r"\{([a-z_0-9]+)\}")


def load_template(path: str | Path, *names: str) -> str:
    """A template's text. Raises BadInput if a field of ``names`` is missing or another stands in it."""
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\n")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such template; name a file in config's prompts") from None
    found = set(_FIELD.findall(text))
    if found != set(names):
        expected = " ".join(f"{{{name}}}" for name in names)
        raise BadInput(f"{path}: a template with exactly the fields {expected} is needed here")
    return text


def fill_template(template: str, **values: str) -> str:
    """The template with its fields replaced, in one pass: braces in values stay as they are."""
    return _FIELD.sub(lambda match: values[match[1]], template)
