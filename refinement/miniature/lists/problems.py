"""Benchmarks of the miniature: instructions with tests; benchmarks share no specification."""

from collections.abc import Iterator, Mapping

from refinement.miniature.lists.grammar import REDUCERS, Specification, instruct, write_code
from refinement.miniature.lists.tasks import draw_inputs, draw_specification, draw_wording, evaluate, is_meaningful
from refinement.records.errors import BadInput
from refinement.records.randomness import hash_seed, keyed
from refinement.records.record_types import Record

TEST_COUNT = 12
_MAX_DRAWS = 10_000


def share_of(specification: Specification, parts: int) -> int:
    """The number, below ``parts``, of the share that a specification belongs to, by its hash."""
    return hash_seed("part", specification) % parts


def compose_problem(name: str, specification: Specification, seed: int) -> Record:
    """A problem with 12 tests; the first input is the empty list."""
    generator = keyed(seed, "problem", name)
    wording = draw_wording(generator, specification)
    inputs = draw_inputs(generator, TEST_COUNT)
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
    """A list of ``size`` keys whose counts are proportional to ``weights`` (largest remainder method)."""
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
    """Yield ``size`` problems.

    ``depths``: weight of each number of steps.
    ``part``: take only specifications from this one of ``parts`` shares.

    Depths are apportioned and reducers alternate, so that all shares are equally hard;
    independent draws would add noise. Raises BadInput if the grammar does not have
    enough specifications of some depth.
    """
    seen: set[Specification] = set()
    generator = keyed(seed, "benchmark", name)
    order = apportion(size, depths)
    generator.shuffle(order)
    for index, depth in enumerate(order):
        reducer = REDUCERS[index % len(REDUCERS)]
        for _ in range(_MAX_DRAWS * parts):
            specification = draw_specification(generator, depth, [reducer])
            # The cheapest test first: most draws belong to another share.
            if share_of(specification, parts) == part and specification not in seen and is_meaningful(specification):
                break
        else:
            raise BadInput(
                f"benchmark {name}: not enough tasks of {depth} steps for size {size}; lower the size or change depths"
            )
        seen.add(specification)
        yield compose_problem(f"{name}-{index:04d}", specification, seed)
