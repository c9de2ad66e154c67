"""The critic's answer: a conversation of two rounds in four parts (Figure 10)."""

import re

from refinecoder.answers.text import output_block

PARTS = ("Round1_from_User", "Round1_from_Assistant", "Round2_from_User", "Round2_from_Assistant")
_HEAD = re.compile(rf"^[ \t*#\d.]*({'|'.join(PARTS)})[ \t*]*:[ \t*]*", re.IGNORECASE | re.MULTILINE)


def read(text: str) -> dict[str, str] | None:
    """The four parts by name, or None unless all stand once, in order, none empty."""
    block = output_block(text)
    heads = list(_HEAD.finditer(block))
    if [head[1].lower() for head in heads] != [name.lower() for name in PARTS]:
        return None
    ends = [*[head.start() for head in heads[1:]], len(block)]
    parts = {name: block[head.end() : end].strip() for name, head, end in zip(PARTS, heads, ends, strict=True)}
    return parts if all(parts.values()) else None
