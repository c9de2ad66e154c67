"""The base model's corpus: correct code with comments that list its steps.

Code alone does not teach which words correspond to which line. Comments do, as they do
in the real code that real base models are trained on.
"""

import random
from collections.abc import Collection, Iterator, Mapping

from refinement.miniature.lists.grammar import CALL, JOIN, Specification, Wording, say, write_code
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.randomness import keyed


def _beside(wording: Wording) -> str:
    """Code with a comment above each line that holds the line's phrase."""
    first, *lines = write_code(wording.specification).split("\n")
    phrases = say(wording).split(JOIN)
    return "\n".join([first, *(f"    # {p}\n{line}" for p, line in zip(phrases, lines, strict=True))])


def _above(wording: Wording, generator: random.Random) -> str:
    """Code under one comment that lists all steps."""
    code = write_code(wording.specification, comments=generator.random() < 0.5)
    return f"# {say(wording)}\n{code}"


def compose_documents(
    count: int, depths: Mapping[int, float], beside: float, seed: int, excluded: Collection[Specification] = ()
) -> Iterator[str]:
    """Yield ``count`` documents.

    ``depths``: weight of each number of steps.
    ``beside``: the share of documents with a comment at each line, rather than one
        comment above all code.
    ``excluded``: tasks of benchmarks, which no document may solve.
    """
    choices, weights = list(depths), list(depths.values())
    for index in range(count):
        generator = keyed(seed, "corpus", index)
        depth = generator.choices(choices, weights)[0]
        while (specification := draw_specification(generator, depth)) in excluded:
            continue
        wording = draw_wording(generator, specification)
        text = _beside(wording) if generator.random() < beside else _above(wording, generator)
        call = f"\n{CALL}" if generator.random() < 0.5 else ""
        yield f"{text}{call}\n"
