"""The teacher's evolved instruction (Figures 12 to 20)."""

import re

_LABEL = re.compile(
    r"\A(?:(?:sure|certainly|of course)[!,.:]?\s*)?"
    r"(?:(?:here is|here's)[^\n:]*:\s*\n)?"
    r"(?:[ \t*_#]*(?:Created|Rewritten) Prompt[ \t*_#]*:[ \t*]*\n?)?",
    re.IGNORECASE,
)


def read(text: str) -> str | None:
    """The instruction without the announcement and the label that models like to add, or None if empty."""
    return _LABEL.sub("", text.strip()).strip() or None
