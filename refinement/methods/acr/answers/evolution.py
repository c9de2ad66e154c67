"""Read the teacher's answer in a round of evolution: the new instruction (RefineCoder, Figures 12 to 20)."""

import re

_LABEL = re.compile(
    r"\A(?:(?:sure|certainly|of course)[!,.:]?\s*)?"
    r"(?:(?:here is|here's)[^\n:]*:\s*\n)?"
    r"(?:[ \t*_#]*(?:Created|Rewritten) Prompt[ \t*_#]*:[ \t*]*\n?)?",
    re.IGNORECASE,
)


def read(text: str) -> str | None:
    """Read the instruction, without the introduction and the label that models tend to add; None if it is empty."""
    return _LABEL.sub("", text.strip()).strip() or None
