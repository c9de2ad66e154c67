"""How the scripted judge and critic understand a response: by interpreting its syntax tree."""

from functools import lru_cache
from typing import NamedTuple

from refinement.answers.code import extract_code
from refinement.miniature.lists.grammar import read_instruction
from refinement.miniature.lists.interpreter import EvaluationError, OutsideSubset, Program
from refinement.miniature.lists.tasks import expected_answers, probe_inputs


class Symptom(NamedTuple):
    """An input on which a program is wrong, with the expected and the actual output."""

    xs: tuple[int, ...]
    expected: int
    actual: str


class Reading(NamedTuple):
    """What a response contains.

    ``code``: its program, or None.
    ``parses``: whether the program is in the interpreter's subset.
    ``right``: whether it gives the expected output on every probe input.
    ``symptom``: the shortest input on which it does not, or None.
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
    except OutsideSubset:
        return Reading(code, False, False, None)
    symptoms = []
    for xs, right in zip(probe_inputs(), expected_answers(wording.specification), strict=True):
        try:
            actual = program(list(xs))
        except EvaluationError as failure:
            symptoms.append(Symptom(xs, right, str(failure).partition(":")[0]))
            continue
        if type(actual) is not int or actual != right:
            symptoms.append(Symptom(xs, right, repr(actual)))
    shortest = min(symptoms, key=lambda symptom: len(symptom.xs), default=None)
    return Reading(code, True, not symptoms, shortest)
