"""The pair-wise judge's answer: two ratings in [0, 1] and a verdict (Figure 9)."""

from typing import NamedTuple

from refinecoder.answers.text import bracketed, output_block

_RATING_A, _RATING_B = (bracketed(f"Rating {name}", r"\d*\.?\d+") for name in "AB")
_BETTER = bracketed("Better", r"A|B|tie")


class Verdict(NamedTuple):
    """Ratings of A and B and which is better: "A", "B" or "tie"."""

    rating_a: float
    rating_b: float
    better: str


def read(text: str) -> Verdict | None:
    """The verdict, or None if a part is missing, doubled or out of range."""
    block = output_block(text)
    found = [pattern.findall(block) for pattern in (_RATING_A, _RATING_B, _BETTER)]
    if any(len(values) != 1 for values in found):
        return None
    a, b, better = float(found[0][0]), float(found[1][0]), found[2][0]
    if not (0 <= a <= 1 and 0 <= b <= 1):
        return None
    return Verdict(a, b, "tie" if better.lower() == "tie" else better.upper())
