"""Read the pair-wise judge's answer: two ratings in [0, 1] and a verdict (RefineCoder, Figure 9)."""

from typing import NamedTuple

from refinement.answers.text import output_block, values_of

_WHO = r"(?:(?:Assistant|Response|Answer)[ \t]+)?"
_BETTER = rf"{_WHO}[AB]\b|tie\b|equal\b"


class Verdict(NamedTuple):
    """The ratings of answers A and B in [0, 1], and the better one: "A", "B" or "tie"."""

    rating_a: float
    rating_b: float
    better: str


def read(text: str) -> Verdict | None:
    """Read the verdict; None if a rating or the verdict is missing, repeated or out of range."""
    block = output_block(text)
    ratings = [values_of(rf"Rating[ \t]+(?:of[ \t]+)?{_WHO}{name}", r"\d*\.?\d+", block) for name in "AB"]
    better = values_of(r"Better(?:[ \t]+(?:one|response|answer|assistant))?", _BETTER, block)
    if any(len(values) != 1 for values in (*ratings, better)):
        return None
    a, b = (float(values[0]) for values in ratings)
    if not (0 <= a <= 1 and 0 <= b <= 1):
        return None
    return Verdict(a, b, better[0][-1].upper() if better[0][-1] in "AaBb" else "tie")
