"""Prompt templates: text files with a field ``{name}`` in the place of each value."""

import re
from pathlib import Path

from refinement.records.errors import BadInput

_FIELD = re.compile(r"\{([a-z_0-9]+)\}")


def load_template(path: str | Path, *names: str) -> str:
    """A template's text. Raises BadInput if there is no such file, or if its fields are not exactly ``names``."""
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
    """The template with the values in the place of its fields. Braces within values stay as they are."""
    return _FIELD.sub(lambda match: values[match[1]], template)
