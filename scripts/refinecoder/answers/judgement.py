"""The point-wise judge's answer: five criteria on a scale of 0 to 10 (Figure 8)."""

from refinecoder.answers.text import bracketed, output_block

CRITERIA = {
    "consistency": "Question\\s*(?:&|and)\\s*Answer Consistency",
    "code_exist": "Code Exists?",
    "correctness": "Code Correctness",
    "clarity": "Code Clarity",
    "comments": "Code Comments",
}
_PATTERNS = {name: bracketed(label, r"\d+(?:\.\d+)?") for name, label in CRITERIA.items()}


def read(text: str) -> dict[str, float] | None:
    """Scores by criterion, or None unless all five are there, each in [0, 10]."""
    block = output_block(text)
    scores = {}
    for name, pattern in _PATTERNS.items():
        found = pattern.findall(block)
        if len(found) != 1 or not 0 <= float(found[0]) <= 10:
            return None
        scores[name] = float(found[0])
    return scores
