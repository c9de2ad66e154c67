"""Read the critic's answer: a conversation of two rounds, in four parts (RefineCoder, Figure 10)."""

import re

from refinement.answers.text import output_block

PARTS = ("Round1_from_User", "Round1_from_Assistant", "Round2_from_User", "Round2_from_Assistant")
_HEAD = re.compile(
    r"^[ \t>*_#\d.\-\[]*Round[ _]?([12])[ _]+from[ _]+(User|Assistant)[ \t*_\]]*:[ \t*_]*", re.IGNORECASE | re.MULTILINE
)


def read(text: str) -> dict[str, str] | None:
    """Read the four parts, by name; None unless each part appears exactly once, in order, and is not empty."""
    block = output_block(text)
    heads = list(_HEAD.finditer(block))
    if [f"Round{head[1]}_from_{head[2].capitalize()}" for head in heads] != list(PARTS):
        return None
    ends = [*[head.start() for head in heads[1:]], len(block)]
    parts = {name: block[head.end() : end].strip() for name, head, end in zip(PARTS, heads, ends, strict=True)}
    return parts if all(parts.values()) else None
