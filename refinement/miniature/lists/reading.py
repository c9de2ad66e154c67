"""How the scripted judge and critic understand a response: by its syntax tree."""

from functools import lru_cache
from typing import NamedTuple

from refinement.answers.code import extract_code
from refinement.miniature.lists.grammar import read_instruction
from refinement.miniature.lists.interpreter import Failure, Outside, Program
from refinement.miniature.lists.tasks import expected, probe_inputs


class Symptom(NamedTuple):
    """An input on which a program goes wrong, what it should give, what it gives."""

    xs: tuple[int, ...]
    expected: int
    actual: str


class Reading(NamedTuple):
    """What is seen in a response.

    ``code``: its program or None; ``parses``: whether it is in the subset;
    ``right``: whether it gives the expected answer on every probe input;
    ``symptom``: the shortest input on which it does not.
    """

    code: str | None
    parses: bool
    right: bool
    symptom: Symptom | None


@lru_cache(maxsize=65536)
def read_response(instruction: str, response: str) -> Reading:
    """Judge a response by evaluating its program's syntax tree; nothing is executed."""
    code, wording = extract_code(response), read_instruction(instruction)
    if code is None or wording is None:
        return Reading(code, False, False, None)
    try:
        program = Program(code)
    except Outside:
        return Reading(code, False, False, None)
    symptoms = []
    for xs, right in zip(probe_inputs(), expected(wording.specification), strict=True):
        try:
            actual = program(list(xs))
        except Failure as failure:
            symptoms.append(Symptom(xs, right, str(failure).partition(":")[0]))
            continue
        if type(actual) is not int or actual != right:
            symptoms.append(Symptom(xs, right, repr(actual)))
    shortest = min(symptoms, key=lambda symptom: len(symptom.xs), default=None)
    return Reading(code, True, not symptoms, shortest)
