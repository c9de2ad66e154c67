"""Each distinct program is written once and found again for each answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.benchmarks.programs import (
    answer_program,
    distinct,
    find_execution,
    join_problem,
    passes,
    standalone_program,
)
from refinement.records.errors import BadInput

PROBLEMS = {f"p/{n}": {"id": f"p/{n}", "entry_point": "f", "tests": f"assert f() == {n}"} for n in range(2)}


def fence(code):
    return f"```python\n{code}\n```"


@given(st.lists(st.sampled_from([fence("a = 1"), fence("a = 2"), fence("\ud800 = 3"), "prose, no code"])))
def test_every_answer_with_code_finds_its_execution(responses):
    programs = list(distinct(map(standalone_program, responses)))
    assert len({program["code"] for program in programs}) == len(programs)
    runs = {program["id"]: {"verdict": "passed", "code": program["code"]} for program in programs}
    for response in responses:
        program = standalone_program(response)
        found = find_execution(program and program["id"], runs)
        assert (found is None) == ("no code" in response)
        assert found is None or found["code"] in response
        assert passes(program and program["id"], runs) == (found is not None)


def test_one_program_is_executed_once_per_problem():
    answers = [answer_program(fence("def f(): return 1"), problem) for problem in PROBLEMS.values() for _ in range(3)]
    programs = [join_problem(program, PROBLEMS) for program in distinct(answers)]
    assert [program["tests"] for program in programs] == [problem["tests"] for problem in PROBLEMS.values()]
    assert all(program["mode"] == "call" and program["entry_point"] == "f" for program in programs)


def test_fields_of_a_program_override_those_of_its_problem():
    program = {"id": "a", "problem": "p", "code": "", "timeout": 1}
    problem = {"id": "p", "mode": "stdio", "cases": [], "timeout": 9, "prompt": "not the program's"}
    assert join_problem(program, {"p": problem}) == {**program, "mode": "stdio", "cases": [], "timeout": 1}
    assert join_problem({"id": "a", "mode": "run"}, {}) == {"id": "a", "mode": "run"}


def test_an_unknown_program_or_problem_is_named():
    with pytest.raises(BadInput, match="no execution of the program p#1; execute the programs again"):
        find_execution("p#1", {})
    with pytest.raises(BadInput, match="no problem 'q'"):
        join_problem({"id": "a", "problem": "q"}, PROBLEMS)


def test_program_ids_differ_by_text_and_problem():
    one, other = ({**problem, "id": name} for name, problem in PROBLEMS.items())
    ids = {answer_program(fence(text), problem)["id"] for text in ("a = 1", "a = 2") for problem in (one, other)}
    assert len(ids) == 4
