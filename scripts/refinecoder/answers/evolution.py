"""The teacher's evolved instruction (Figures 12 to 20)."""

import re

_LABEL = re.compile(r"\A[ \t*]*#?(?:Created|Rewritten) Prompt#?[ \t*]*:[ \t*]*\n?", re.IGNORECASE)


def read(text: str) -> str | None:
    """The instruction without the label that models like to repeat, or None if empty."""
    return _LABEL.sub("", text.strip()).strip() or None
