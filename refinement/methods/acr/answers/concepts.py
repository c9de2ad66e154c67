"""Read the teacher's answer for a snippet: concepts and an instruction (RefineCoder, Figure 11)."""

import re
from typing import NamedTuple

_PATTERN = re.compile(
    r"^[ \t*#]*\[?Concepts\]?[ \t*]*(?:\n|:[ \t*]*\n?|(?<=\])[ \t*]+)(.+?)"
    r"^[ \t*#]*\[?Instruction\]?[ \t*]*(?:\n|:[ \t*]*\n?|(?<=\])[ \t*]+)(.+)\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*")


class Idea(NamedTuple):
    """The concepts that the teacher found in a snippet, and the instruction that it wrote about them."""

    concepts: list[str]
    instruction: str


def read(text: str) -> Idea | None:
    """Read the concepts and the instruction; None if either is missing or empty."""
    match = _PATTERN.search(text)
    if not match:
        return None
    concepts = [_ITEM.sub("", concept).strip(" \t*.`") for concept in re.split(r"[,;\n]", match[1])]
    concepts = [concept for concept in concepts if concept]
    instruction = match[2].strip()
    return Idea(concepts, instruction) if concepts and instruction else None
