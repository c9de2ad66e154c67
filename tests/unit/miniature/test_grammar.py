"""Specifications, instructions and code convert into each other; the interpreter agrees with Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.miniature.lists.grammar import (
    CONCEPTS,
    OPERATIONS,
    REDUCERS,
    STEPS,
    Specification,
    Step,
    Wording,
    instruct,
    read_instruction,
    write_code,
)
from refinement.miniature.lists.interpreter import EvaluationError, OutsideSubset, Program
from refinement.miniature.lists.tasks import draw_inputs, draw_specification, evaluate, is_meaningful, probe_inputs
from refinement.records.randomness import keyed
from refinement.sandbox.pool import execute_all

LIMITS = {"timeout": 4, "memory_mb": 512}


def steps(operations):
    return st.sampled_from(operations).flatmap(
        lambda operation: st.builds(
            Step, st.just(operation.name), st.integers(2, 5) if operation.takes_parameter else st.none()
        )
    )


specifications = st.builds(Specification, st.lists(steps(STEPS), min_size=1, max_size=6).map(tuple), steps(REDUCERS))
wordings = specifications.flatmap(
    lambda spec: st.tuples(
        *[st.integers(0, len(OPERATIONS[step.operation].phrases) - 1) for step in (*spec.steps, spec.reducer)]
    ).map(lambda paraphrases: Wording(spec, paraphrases))
)


@given(wordings, st.sampled_from(["", "A draft ends in `return len(xs)`."]))
def test_an_instruction_can_be_read_back(wording, remark):
    assert read_instruction(instruct(wording, remark)) == wording


def test_no_two_phrases_are_the_same():
    phrases = [phrase for operation in OPERATIONS.values() for phrase in operation.phrases]
    assert len(phrases) == len(set(phrases))
    assert all(len(operation.phrases) >= 2 and operation.bugs for operation in OPERATIONS.values())
    assert len(STEPS) >= 22 and len(REDUCERS) == 8 and len(CONCEPTS) >= 5


def _outcome(code, inputs):
    """The interpreter's result for each input: a number, or None for an error."""
    program = Program(code)
    outcomes = []
    for xs in inputs:
        try:
            outcomes.append(program(list(xs)))
        except EvaluationError:
            outcomes.append(None)
    return outcomes


def _asserts(inputs, outcomes):
    lines = ["def outcome(xs):", "    try:", "        return solve(xs)", "    except Exception:", "        return None"]
    return "\n".join(lines + [f"assert outcome({xs}) == {o}" for xs, o in zip(inputs, outcomes, strict=True)])


def test_the_interpreter_agrees_with_python_on_right_and_wrong_code():
    programs = []
    generator = keyed("test interpreter")
    for operation in OPERATIONS.values():
        for expression in (operation.code, *operation.bugs):
            filled = expression.replace("{k}", "3")
            line = f"return {filled}" if operation in REDUCERS else f"xs = {filled}\n    return sum(xs)"
            programs.append(f"def solve(xs):\n    {line}")
    programs += [write_code(draw_specification(generator, depth)) for depth in (1, 2, 3, 4, 5, 6) for _ in range(10)]
    inputs = draw_inputs(generator, 12)
    lines = [
        {
            "id": str(n),
            "mode": "call",
            "code": code,
            "entry_point": "solve",
            "tests": _asserts(inputs, _outcome(code, inputs)),
        }
        for n, code in enumerate(programs)
    ]
    results = list(execute_all(({**LIMITS, **line} for line in lines), workers=2))
    wrong = [(programs[int(r["id"])], r["error"]) for r in results if r["verdict"] != "passed"]
    assert not wrong


def test_code_outside_the_subset_is_refused():
    for body in (
        "import os",
        "return __import__('os').getpid()",
        "return xs.pop()",
        "return open('x')",
        "while 1: pass",
    ):
        try:
            Program(f"def solve(xs):\n    {body}")
        except OutsideSubset:
            continue
        raise AssertionError(body)


@given(specifications)
def test_a_meaningful_task_needs_each_of_its_steps(specification):
    inputs = probe_inputs()
    answers = evaluate(specification, inputs)
    shorter = [
        specification._replace(steps=(*specification.steps[:i], *specification.steps[i + 1 :]))
        for i in range(specification.depth)
    ]
    needed = all(evaluate(other, inputs) != answers for other in shorter)
    assert is_meaningful(specification) == (needed and len(set(answers)) > 2)


@pytest.mark.parametrize(
    "line", ["xs = dict.fromkeys(xs)\n    return xs[99]", "return len(xs * 10 ** 30)", "return xs[10 ** 30]"]
)
def test_any_error_of_a_program_is_an_evaluation_error(line):
    with pytest.raises(EvaluationError):
        Program(f"def solve(xs):\n    {line}")([1, 2])
