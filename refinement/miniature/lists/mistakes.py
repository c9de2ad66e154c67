"""The mistakes that the scripted teacher makes when it writes code.

Each pair of operation and paraphrase has its own error rate and one fixed bug, like a
model that always misunderstands a phrase in the same way. With errors "independent",
all pairs have the same rate: such errors cancel in a majority vote, and refinement has
nothing to teach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from scipy.special import betaincinv

from refinement.miniature.lists.grammar import OPERATIONS, REDUCERS, STEPS, Wording, fill, write_code
from refinement.records.randomness import keyed


@cache
def _rates(alpha: float, beta: float, seed: int) -> Mapping[tuple[str, int], float]:
    """Error rate of each pair of operation and paraphrase: the quantiles of Beta(alpha, beta), assigned at random.

    Steps and reducers each get the whole distribution, so that teachers of different
    seeds misunderstand different phrases, but equally many.
    """
    rates = {}
    for group in (STEPS, REDUCERS):
        pairs = [(operation.name, index) for operation in group for index in range(len(operation.phrases))]
        keyed(seed, "error rates").shuffle(pairs)
        for place, pair in enumerate(pairs):
            rates[pair] = float(betaincinv(alpha, beta, (place + 0.5) / len(pairs)))
    return rates


@dataclass(frozen=True)
class Mistakes:
    """How often the teacher errs, and in which phrases.

    ``alpha``, ``beta``: the Beta distribution of error rates over pairs of operation
        and paraphrase.
    ``syntax_rate``: the share of answers that are cut off in the middle.
    ``errors``: "concept" (rates differ between pairs), "independent" (all rates are
        equal) or "none".
    ``seed``: determines the teacher's rates and bugs.
    """

    alpha: float = 0.27
    beta: float = 2.73
    syntax_rate: float = 0.02
    errors: Literal["concept", "independent", "none"] = "concept"
    seed: int = 0

    def rate(self, operation: str, paraphrase: int) -> float:
        """Probability that the teacher misunderstands this phrase."""
        if self.errors == "none":
            return 0.0
        if self.errors == "independent":
            return self.alpha / (self.alpha + self.beta)
        return _rates(self.alpha, self.beta, self.seed)[operation, paraphrase]

    def bug(self, operation: str, paraphrase: int) -> str:
        """The wrong expression that the teacher writes for this phrase."""
        return keyed(self.seed, "bug", operation, paraphrase).choice(OPERATIONS[operation].bugs)

    def expressions(self, wording: Wording, key: Sequence[object]) -> list[str]:
        """One expression for each step, correct or wrong; ``key`` seeds the draws."""
        generator = keyed(self.seed, "slips", *key)
        steps = (*wording.specification.steps, wording.specification.reducer)
        chosen = []
        for step, paraphrase in zip(steps, wording.paraphrases, strict=True):
            slips = generator.random() < self.rate(step.operation, paraphrase)
            text = self.bug(step.operation, paraphrase) if slips else OPERATIONS[step.operation].code
            chosen.append(fill(text, step))
        return chosen


def write_answer(wording: Wording, mistakes: Mistakes, key: Sequence[object]) -> str:
    """The teacher's program for an instruction; ``key`` seeds the draws."""
    generator = keyed(mistakes.seed, "style", *key)
    comments = generator.random() < 0.5
    code = write_code(wording.specification, mistakes.expressions(wording, key), comments)
    if generator.random() < mistakes.syntax_rate:
        code = code[: generator.randint(len(code) // 2, len(code) - 2)]
    return code
