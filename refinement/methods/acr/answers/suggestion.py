"""Read the teacher's suggestion of how to fix code: at most three sentences, no code (RefineCoder, Figure 22)."""

import re

SENTENCES = 3
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!^\d)[.!?]+(?=[\s\"')*]|$)", re.MULTILINE)


def read(text: str) -> str | None:
    """Read the suggestion; None if it is empty, has more than three sentences, or contains a block of code."""
    found = text.strip()
    return found if found and "```" not in found and len(_END.findall(found)) <= SENTENCES else None
