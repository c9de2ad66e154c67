"""Programs are written once for each distinct text, and found again for each answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinecoder.programs import find_run, passes, program_id, write_call_programs, write_run_programs
from refinecoder.records import BadInput

PROBLEMS = [{"id": f"p/{n}", "entry_point": "f", "tests": f"assert f() == {n}"} for n in range(2)]


def fence(code):
    return f"```python\n{code}\n```"


@given(st.lists(st.sampled_from([fence("a = 1"), fence("a = 2"), fence("\ud800 = 3"), "prose, no code"])))
def test_every_answer_with_code_finds_its_run(responses):
    programs = list(write_run_programs(responses))
    assert len({program["code"] for program in programs}) == len(programs)
    runs = {program["id"]: {"verdict": "passed", "code": program["code"]} for program in programs}
    for response in responses:
        found = find_run(response, runs)
        assert (found is None) == ("no code" in response)
        assert found is None or found["code"] in response
        assert passes(response, runs) == (found is not None)


def test_one_text_is_held_against_each_problem_once():
    answers = [(fence("def f(): return 1"), problem) for problem in PROBLEMS for _ in range(3)]
    programs = list(write_call_programs(answers))
    assert [program["tests"] for program in programs] == [problem["tests"] for problem in PROBLEMS]
    runs = {program["id"]: {"verdict": "passed" if "1" in program["tests"] else "failed"} for program in programs}
    assert [passes(answers[0][0], runs, problem["id"]) for problem in PROBLEMS] == [False, True]


def test_code_that_was_not_run_is_named():
    with pytest.raises(BadInput, match="run the programs again"):
        find_run(fence("a = 1"), {}, "p")
    assert program_id("a", "p") != program_id("a", "q") != program_id("b", "q")
