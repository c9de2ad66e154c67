"""The meaning of a specification, and how specifications are drawn.

The meaning is the output of the correct code under the interpreter, on fixed probe
inputs.
"""

import random
from collections.abc import Sequence
from functools import cache, lru_cache

from refinement.miniature.lists.grammar import (
    OPERATIONS,
    PARAMETERS,
    REDUCERS,
    STEPS,
    Operation,
    Specification,
    Step,
    Wording,
    write_code,
)
from refinement.miniature.lists.interpreter import Program
from refinement.records.randomness import keyed

MAX_VALUE = 12
MAX_LENGTH = 9


def draw_inputs(generator: random.Random, count: int) -> list[list[int]]:
    """``count`` lists of 0 to 9 integers in [-12, 12]; the first list is empty."""
    inputs: list[list[int]] = [[]]
    while len(inputs) < count:
        length = generator.randint(1, MAX_LENGTH)
        values = [generator.randint(-MAX_VALUE, MAX_VALUE) for _ in range(length)]
        if length > 3:
            values[-1] = generator.choice(values)
        inputs.append(values)
    return inputs


@cache
def probe_inputs(count: int = 16) -> tuple[tuple[int, ...], ...]:
    """The fixed inputs on which programs of the miniature are compared."""
    return tuple(tuple(values) for values in draw_inputs(keyed("probe inputs"), count))


def evaluate(specification: Specification, inputs: Sequence[Sequence[int]]) -> list[int]:
    """The correct outputs of a task on ``inputs``."""
    program = Program(write_code(specification))
    return [program(list(values)) for values in inputs]


@lru_cache(maxsize=4096)
def expected_answers(specification: Specification) -> tuple[int, ...]:
    """The correct outputs of a task on the probe inputs."""
    return tuple(evaluate(specification, probe_inputs()))


def _without(specification: Specification, index: int) -> Specification:
    steps = specification.steps
    return specification._replace(steps=steps[:index] + steps[index + 1 :])


def is_meaningful(specification: Specification) -> bool:
    """Whether every step changes an output on the probe inputs, and at least three outputs differ."""
    answers = expected_answers(specification)
    if len(set(answers)) < 3:
        return False
    return all(expected_answers(_without(specification, i)) != answers for i in range(specification.depth))


def draw_step(generator: random.Random, choices: Sequence[Operation] = STEPS) -> Step:
    """A random operation, with a random parameter if it takes one."""
    operation = generator.choice(choices)
    return Step(operation.name, generator.choice(PARAMETERS) if operation.takes_parameter else None)


def draw_specification(generator: random.Random, depth: int, reducers: Sequence[Operation] = REDUCERS) -> Specification:
    """A random chain of ``depth`` steps with a random reducer; it need not be meaningful."""
    steps = tuple(draw_step(generator) for _ in range(depth))
    return Specification(steps, draw_step(generator, reducers))


def draw_meaningful(generator: random.Random, depth: int) -> Specification:
    """Like :func:`draw_specification`, but repeated until the specification is meaningful."""
    while True:
        specification = draw_specification(generator, depth)
        if is_meaningful(specification):
            return specification


def draw_wording(generator: random.Random, specification: Specification) -> Wording:
    """Random paraphrases for a specification."""
    steps = (*specification.steps, specification.reducer)
    return Wording(
        specification,
        tuple(generator.randrange(len(OPERATIONS[step.operation].phrases)) for step in steps),
    )
