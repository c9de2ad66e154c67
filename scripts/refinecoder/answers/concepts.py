"""The teacher's concepts and its instruction (Figure 11)."""

import re
from typing import NamedTuple

_PATTERN = re.compile(
    r"^[ \t*#]*\[Concepts\][ \t*:]*\n(.+?)^[ \t*#]*\[Instruction\][ \t*:]*\n(.+)\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


class Idea(NamedTuple):
    """Concepts found in a snippet and the instruction that they inspired."""

    concepts: list[str]
    instruction: str


def read(text: str) -> Idea | None:
    """The idea, or None if a part is missing or empty."""
    match = _PATTERN.search(text)
    if not match:
        return None
    concepts = [concept.strip(" *-.") for concept in re.split(r"[,;\n]", match[1])]
    concepts = [concept for concept in concepts if concept]
    instruction = match[2].strip()
    return Idea(concepts, instruction) if concepts and instruction else None
