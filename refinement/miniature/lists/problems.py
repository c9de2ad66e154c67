"""Benchmarks of the small world: instructions with tests, disjoint by specification."""

from collections.abc import Iterator, Mapping

from refinement.miniature.lists.grammar import REDUCERS, Specification, instruct, write_code
from refinement.miniature.lists.tasks import draw_inputs, draw_specification, draw_wording, evaluate, is_meaningful
from refinement.records.errors import BadInput
from refinement.records.randomness import hash_seed, keyed
from refinement.records.record_types import Record

TESTS = 12
_PATIENCE = 10_000


def part_of(specification: Specification, parts: int) -> int:
    """Which of ``parts`` shares a specification belongs to, by its hash."""
    return hash_seed("part", specification) % parts


def compose_problem(name: str, specification: Specification, seed: int) -> Record:
    """A problem with its tests: 12 inputs of its own, the first of them empty."""
    generator = keyed(seed, "problem", name)
    wording = draw_wording(generator, specification)
    inputs = draw_inputs(generator, TESTS)
    answers = evaluate(specification, inputs)
    tests = [
        f'assert (y := solve({xs})) == {answer}, f"solve({xs}) gives {{y!r}}, not {answer}"'
        for xs, answer in zip(inputs, answers, strict=True)
    ]
    return {
        "id": name,
        "prompt": instruct(wording),
        "entry_point": "solve",
        "tests": "\n".join(tests),
        "canonical_solution": write_code(specification),
    }


def apportion(size: int, weights: Mapping[int, float]) -> list[int]:
    """``size`` keys whose counts follow ``weights`` as nearly as whole numbers can (largest remainder)."""
    total = sum(weights.values())
    shares = {key: size * weight / total for key, weight in weights.items()}
    counts = {key: int(share) for key, share in shares.items()}
    by_remainder = sorted(shares, key=lambda key: (counts[key] - shares[key], key))
    for key in by_remainder[: size - sum(counts.values())]:
        counts[key] += 1
    return [key for key, count in counts.items() for _ in range(count)]


def compose_problems(
    name: str, size: int, depths: Mapping[int, float], part: int, parts: int, seed: int
) -> Iterator[Record]:
    """``size`` problems whose numbers of steps follow the weights in ``depths``.

    Splits of one composition are equally hard: depths are apportioned, and
    reducers take turns, where independent draws would add their own noise.
    Raises BadInput if the grammar has not enough specifications of some depth.
    """
    seen: set[Specification] = set()
    generator = keyed(seed, "benchmark", name)
    order = apportion(size, depths)
    generator.shuffle(order)
    for index, depth in enumerate(order):
        reducer = REDUCERS[index % len(REDUCERS)]
        for _ in range(_PATIENCE * parts):
            specification = draw_specification(generator, depth, [reducer])
            # The cheap question first: most draws are of another part.
            if part_of(specification, parts) == part and specification not in seen and is_meaningful(specification):
                break
        else:
            raise BadInput(
                f"benchmark {name}: not enough tasks of {depth} steps for size {size}; lower the size or change depths"
            )
        seen.add(specification)
        yield compose_problem(f"{name}-{index:04d}", specification, seed)
