"""The teacher's suggestion for mending code: at most three sentences, without code (Figure 22)."""

import re

SENTENCES = 3
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!^\d)[.!?]+(?=[\s\"')*]|$)", re.MULTILINE)


def read(text: str) -> str | None:
    """The suggestion, or None if it is empty, longer than three sentences or holds a block of code."""
    found = text.strip()
    return found if found and "```" not in found and len(_END.findall(found)) <= SENTENCES else None
