"""Read the point-wise judge's answer: scores from 0 to 10 for five criteria (RefineCoder, Figure 8)."""

from refinement.answers.text import output_block, values_of

CRITERIA = {
    "consistency": r"(?:Question|Q)[ \t]*(?:&|and|/|-)[ \t]*(?:Answer|A)[ \t]+Consistency",
    "code_exist": r"Code[ \t]+Exist(?:s|ence)?",
    "correctness": r"Code[ \t]+Correctness",
    "clarity": r"Code[ \t]+Clarity",
    "comments": r"Code[ \t]+Comments?",
}


def read(text: str) -> dict[str, float] | None:
    """Read the scores, by criterion; None unless each criterion has exactly one score, in [0, 10]."""
    block = output_block(text)
    scores = {}
    for name, label in CRITERIA.items():
        found = values_of(label, r"\d+(?:\.\d+)?", block)
        if len(found) != 1 or not 0 <= float(found[0]) <= 10:
            return None
        scores[name] = float(found[0])
    return scores
