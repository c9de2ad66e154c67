"""The base model's corpus: right code under a comment that lists its steps.

Bare code does not teach which words mean which line; a header comment does,
as the comments of real code do for real base models.
"""

import random
from collections.abc import Collection, Iterator, Mapping

from refinement.miniature.lists.grammar import CALL, JOIN, Specification, Wording, say, write_code
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.randomness import keyed


def _beside(wording: Wording) -> str:
    """Code with each step's phrase in a comment above its line."""
    first, *lines = write_code(wording.specification).split("\n")
    phrases = say(wording).split(JOIN)
    return "\n".join([first, *(f"    # {p}\n{line}" for p, line in zip(phrases, lines, strict=True))])


def _above(wording: Wording, generator: random.Random) -> str:
    """Code under a header comment that lists all the steps."""
    code = write_code(wording.specification, comments=generator.random() < 0.5)
    return f"# {say(wording)}\n{code}"


def compose_documents(
    count: int, depths: Mapping[int, float], beside: float, seed: int, guarded: Collection[Specification] = ()
) -> Iterator[str]:
    """``count`` documents whose depths follow the weights in ``depths``.

    ``beside``: the share of documents whose comments stand beside their lines;
    ``guarded``: tasks of benchmarks, which no document solves.
    """
    choices, weights = list(depths), list(depths.values())
    for index in range(count):
        generator = keyed(seed, "corpus", index)
        depth = generator.choices(choices, weights)[0]
        while (specification := draw_specification(generator, depth)) in guarded:
            continue
        wording = draw_wording(generator, specification)
        text = _beside(wording) if generator.random() < beside else _above(wording, generator)
        call = f"\n{CALL}" if generator.random() < 0.5 else ""
        yield f"{text}{call}\n"
