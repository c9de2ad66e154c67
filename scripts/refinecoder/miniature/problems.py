"""Benchmarks of the small world: instructions with tests, disjoint by specification."""

from collections.abc import Iterator, Mapping

from refinecoder.miniature.grammar import Specification, instruct, write_code
from refinecoder.miniature.tasks import draw_inputs, draw_meaningful, draw_wording, evaluate
from refinecoder.randomness import hash_seed, keyed
from refinecoder.records import BadInput, Record

TESTS = 12
_PATIENCE = 200


def part_of(specification: Specification, parts: int) -> int:
    """Which of ``parts`` shares a specification belongs to, by its hash."""
    return hash_seed("part", specification) % parts


def compose_problem(name: str, specification: Specification, seed: int) -> Record:
    """A problem with its tests: 12 inputs of its own, the first of them empty."""
    generator = keyed(seed, "problem", name)
    wording = draw_wording(generator, specification)
    inputs = draw_inputs(generator, TESTS)
    answers = evaluate(specification, inputs)
    tests = [f"assert solve({xs}) == {answer}" for xs, answer in zip(inputs, answers, strict=True)]
    return {
        "id": name,
        "prompt": instruct(wording),
        "entry_point": "solve",
        "tests": "\n".join(tests),
        "canonical_solution": write_code(specification),
    }


def compose_problems(
    name: str, size: int, depths: Mapping[int, float], part: int, parts: int, seed: int
) -> Iterator[Record]:
    """``size`` problems whose numbers of steps follow the weights in ``depths``.

    Raises BadInput if the grammar has not enough specifications of some depth.
    """
    seen: set[Specification] = set()
    choices, weights = list(depths), list(depths.values())
    generator = keyed(seed, "benchmark", name)
    for index in range(size):
        depth = generator.choices(choices, weights)[0]
        for _ in range(_PATIENCE * parts):
            specification = draw_meaningful(generator, depth)
            if part_of(specification, parts) == part and specification not in seen:
                break
        else:
            raise BadInput(
                f"benchmark {name}: not enough tasks of {depth} steps for size {size}; lower the size or change depths"
            )
        seen.add(specification)
        yield compose_problem(f"{name}-{index:04d}", specification, seed)
