"""Second tries: who gets one, what is said, and how it counts."""

import doctest
import json
import subprocess
import sys
from argparse import Namespace
from collections import Counter

import pytest

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.requests import Answer, ask
from refinement.methods.acr.answers import suggestion
from refinement.methods.acr.feedback import (
    EXAMPLES,
    FIELDS,
    _stated_values,
    describe_all,
    describe_execution,
    failures,
    in_examples,
    read_case,
    second_prompt,
    second_turn,
)
from refinement.methods.acr.scoring import choose_best, choose_worst
from refinement.miniature.lists import teacher
from refinement.records.errors import BadInput
from scripts.acr.collect_second_tries import second_tries
from scripts.acr.score_feedback import differences, rows
from scripts.acr.score_selection import main as score_selection
from scripts.acr.score_selection import summarize
from support import honest


def outcome(**changes):
    base = {"id": "p", "iteration": 1, "sample": 1, "passed": 0, "verdict": "failed", "response": "code",
            "error": "AssertionError: solve([1]) gives 2, not 3"}  # fmt: skip
    return {**base, **changes}


def test_only_first_answers_that_failed_get_a_second_try():
    outcomes = [outcome(), outcome(passed=1), outcome(iteration=2), outcome(sample=2)]
    assert list(failures(outcomes, [0, 1])) == [outcome()]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "solve([1]) gives 2, not 3."),
        ({"verdict": "no_code", "error": None}, "There is no code in it."),
        ({"verdict": "error", "error": "IndexError: list index out of range"},
         "The code ends with error: IndexError: list index out of range."),
        ({"verdict": "killed", "error": None}, "The code ends with killed."),
        ({"verdict": "timeout", "error": "more than 4 s"}, "The code ends with timeout: more than 4 s."),
    ],
)  # fmt: skip
def test_what_execution_says(changes, text):
    assert describe_execution(outcome(**changes)) == text


DOCTEST = """def near(xs: list, by: float) -> bool:
    \"\"\" Whether any two are nearer than that.
    >>> near([1.0, 2.0], 0.5)
    False
    >>> near([1.0, 2.8, 3.0], .3)
    True
    near([7.0], 1) means
    True
    \"\"\"
"""
ASSERT = "Write a function to find what is in both.\nassert set(both((3, 4, 5), (5, 4))) == set((4, 5))\n"
ARROWS = """For example:
f("a, not b") -> 1 # a remark
f((1, 2)) => [3, 4].
f(2) returns 'x' gives y'
f(3) = {"k": (1, 2)}
f(4)➞ -0.5
f(5) returns the sum
f(6)
g(6) == 1
af(7) == 2
f(8) should return "one two" in all cases.
f(g(9)) == 3
f(10) ==> True
f(11)   # returns [1, 2]
f (12) == False
assert math.isclose(f(13), 4.5, rel_tol=0.001)
max(f(14), 2) == 14
"""


@pytest.mark.parametrize(
    ("message", "prompt", "shown"),
    [
        ("near([1.0, 2.0], 0.5) gives True, not False", DOCTEST, True),
        ("near([1, 2.8, 3.0], 0.3) gives None, not True", DOCTEST, False),
        ("near([1.0, 2.8, 3.0], 0.3) gives None, not True", DOCTEST, True),
        ("near([1.0, 2.8, 3.0], 0.4) gives None, not True", DOCTEST, False),
        ("near([1.0, 2.0], 0.5) gives False, not True", DOCTEST, False),
        ("near([7.0], 1) gives False, not True", DOCTEST, False),
        ("both((3, 4, 5), (5, 4)) gives (5,), not (4, 5)", ASSERT, True),
        ("both((3, 4, 5), (5, 3)) gives (5,), not (3, 5)", ASSERT, False),
        ("f('a, not b') gives ', not 1', not 1", ARROWS, True),
        ("f((1, 2)) gives <object f at 0x1>, not [3, 4]", ARROWS, True),
        ("f(3) gives {}, not {'k': (1, 2)}", ARROWS, True),
        ("f(4) gives 0, not -0.5", ARROWS, True),
        ("f(5) gives 0, not 15", ARROWS, False),
        ("f(6) gives 0, not 1", ARROWS, False),
        ("f(7) gives 0, not 2", ARROWS, False),
        ("f(8) gives '', not 'one two'", ARROWS, True),
        ("f(g(9)) gives 4, not 3", ARROWS, True),
        ("f(10) gives 4, not True", ARROWS, True),
        ("f(11) gives 4, not [1, 2]", ARROWS, True),
        ("f(12) gives 4, not False", ARROWS, True),
        ("f(13) gives 4, not 4.5", ARROWS, True),
        ("f(14) gives 4, not 2", ARROWS, False),
    ],
)
def test_a_case_is_shown_only_where_the_prompt_states_it(message, prompt, shown):
    assert in_examples(read_case(message), prompt) == shown
    told = "A test that is not shown fails."
    for error in (f"AssertionError: {message}", message):
        assert describe_execution(outcome(error=error), prompt, EXAMPLES) == (f"{message}." if shown else told)
        assert describe_execution(outcome(error=error), prompt) == f"{message}.", "hidden cases are shown as they are"


def test_doctests_of_humaneval_and_asserts_of_mbpp_are_examples_and_other_inputs_are_not():
    found = Counter()
    for record in honest.read_lines("humanevalplus/HumanEvalPlus.jsonl.gz"):
        name, prompt = record["entry_point"], record["prompt"]
        for example in doctest.DocTestParser().get_examples(prompt):
            case = read_case(f"{example.source.strip()} gives 0, not {example.want.partition(chr(10))[0].strip()}")
            if case and example.source.startswith(f"{name}("):
                found["doctests"] += 1
                found["shown"] += in_examples(case, prompt)
        for arguments in record["plus_input"][-20:]:
            call = f"{name}({', '.join(map(repr, arguments))})"
            case = read_case(f"{call} gives 0, not 'a value that no prompt states'")
            found["hidden shown"] += case is not None and in_examples(case, prompt)
    assert found["doctests"] > 150 and found["shown"] == found["doctests"] and not found["hidden shown"]
    asserted = [
        any(_stated_values(r["entry_point"], r["prompt"])) for r in honest.read_lines("mbppplus/MbppPlus.jsonl.gz")
    ]
    assert sum(asserted) > 0.97 * len(asserted)


@pytest.mark.parametrize(
    "message", ["f(1) gives 2, no", "x gives 2, not 3", "f(1 gives 2, not 3", "f(1) gives 2, not ["]
)
def test_what_is_no_whole_case_is_not_shown(message):
    assert read_case(message) is None
    prompt = "f(1) == 3"
    assert describe_execution(outcome(error=f"AssertionError: {message}"), prompt, EXAMPLES).startswith("A test that")


@pytest.mark.parametrize(
    ("verdict", "error", "text"),
    [
        ("no_code", None, "There is no code in it."),
        ("error", "KeyError: 'a secret argument'", "The code ends with error: KeyError."),
        ("error", "case 3: another output", "The code ends with error."),
        ("failed", "case 3: another output", "A test that is not shown fails."),
        ("failed", "AssertionError: a secret", "A test that is not shown fails."),
        ("failed", "AssertionError", "A test that is not shown fails."),
        ("timeout", "more than 4 s", "The code ends with timeout."),
        ("memory", "MemoryError: secret", "The code ends with memory."),
    ],
)
def test_without_the_benchmarks_cases_a_message_tells_nothing_of_them(verdict, error, text):
    assert describe_execution(outcome(verdict=verdict, error=error), "", EXAMPLES) == text


def test_a_fresh_prompt_restates_all_three():
    template = load_template("prompts/acr/second_try.txt", *FIELDS)
    response = "Here it is.\n```python\nx = '{feedback}'\n```\nAnd\n```python\ny = 2\n```"
    (message,) = second_prompt(template, "Do {code}.", outcome(response=response), "f(1) gives 2, not 3.")
    assert message["role"] == "user"
    for part in ("Do {code}.\n", "```python\nx = '{feedback}'\ny = 2\n```\n", "\nf(1) gives 2, not 3.\n"):
        assert part in message["content"], "values are put in as they are"
    assert "Here it is" not in message["content"]
    (message,) = second_prompt("{instruction}|{code}|{feedback}", "p", outcome(response="no code"), "f")
    assert message["content"] == "p|no code|f"


def asked(tmp_path, form, cases):
    """The texts of the requests for a suggestion and for second tries, made by the steps."""
    problems = [{"id": "p", "prompt": "f(1) == 2", "canonical_solution": None}]
    first = [outcome(error="f(7) gives 1, not 0"), outcome(id="q", passed=1, verdict="passed", error=None)]
    files = {"problems": problems, "outcomes": first, "responses": []}
    for name, records in files.items():
        (tmp_path / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    outcomes, problems, responses = (str(tmp_path / name) for name in ("outcomes", "problems", "responses"))
    common = ["--cases", cases, "--iterations", "1", "--sampling", "{}", "--seed", "0"]
    suggestions = ["request_suggestions", "--template", "prompts/acr/suggestion.txt"]
    tries = ["request_second_tries", "--template", "prompts/acr/second_try.txt", "--format", form, "--models", "m",
             "--suggestions", responses, "--counts", str(tmp_path / "c"), "--rejected", str(tmp_path / "r")]  # fmt: skip
    for name, *arguments in (suggestions, tries):
        command = [sys.executable, f"scripts/acr/{name}.py", outcomes, problems, *arguments, *common]
        subprocess.run([*command, "--output", str(tmp_path / name)], check=True)
        (request,) = map(json.loads, (tmp_path / name).read_text().splitlines())
        yield [message["content"] for message in request["body"]["messages"]]


@pytest.mark.parametrize("form", ["two_turn", "single"])
def test_the_teacher_and_the_student_see_the_same_of_the_tests(tmp_path, form):
    for cases, told in (("hidden", "f(7) gives 1, not 0."), ("examples", "A test that is not shown fails.")):
        (suggestion_,), tries = asked(tmp_path, form, cases)
        assert told in suggestion_ and told in tries[-1]
        assert ("f(7)" in suggestion_ + "".join(tries)) == (cases == "hidden")
        assert len(tries) == (3 if form == "two_turn" else 1)


def test_a_suggestion_that_cannot_be_used_is_left_out():
    for text, used in (
        ("Mend the first step.", True),
        ("```python\nx\n```", False),
        ("A. B. C. D.", False),
        ("", False),
    ):
        assert (suggestion.read(text) is not None) == used
        found = describe_all(outcome(), {("1/p", 1): Answer(text, "stop", None)})
        assert ("suggestion" in found) == used
    assert set(describe_all(outcome(), {})) == {"execution"}


def test_the_second_turn_follows_the_first():
    messages = second_turn("do it", outcome(), "wrong")
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert [m["content"] for m in messages] == ["do it", "code", "wrong"]


def test_the_scripted_teacher_names_the_step_to_mend():
    template = load_template("prompts/acr/suggestion.txt", "instruction", "code", "result")
    instruction = "Write solve(xs) for a list of integers: keep the even numbers, then return the sum."
    code = "```python\ndef solve(xs):\n    xs = [x for x in xs if x % 2 == 1]\n    return sum(xs)\n```"
    text = teacher.reply(fill_template(template, instruction=instruction, code=code, result="wrong"), (), {})
    assert "keep the even numbers" in text
    assert suggestion.read(text) == text


def test_a_repaired_failure_counts_and_nothing_else_does():
    first = {"a": True, "b": False, "c": False, "d": False}
    repaired = {("execution", "b"): True, ("suggestion", "b"): True, ("suggestion", "c"): True}
    found = {
        row["feedback"]: (row["pass@1"], row["repaired"], row["failed_first"]) for row in rows(first, repaired, 1, 0)
    }
    assert found == {"none": (0.25, 0, 3), "execution": (0.5, 1, 3), "suggestion": (0.75, 2, 3)}
    effects = {row["of"]: row["value"] for row in differences(first, repaired, 1, 0)}
    assert effects == {"execution over none": 0.25, "suggestion over none": 0.5, "suggestion over execution": 0.25}


def test_worst_is_the_mirror_of_best():
    assert choose_worst([0.5, 1.0, None, 0.0], [1, 1, 1, 0, 0]) == 4
    assert choose_worst([0.5, 0.5], [0, 1, 1]) == 2, "a tie goes to the last, where best takes the first"
    assert choose_best([0.5, 0.5], [0, 1, 1]) == 1
    assert choose_worst([1.0, 0.0], [0, 0, 1]) == 1, "equal sums: the one that does not run is worse"
    assert choose_worst([None], [0, 1]) is None


def test_the_error_rate_is_over_all_problems():
    pairs = [(True, False, 0.5), (False, True, 0.5), (True, True, 1.0), (False, False, 0.0)]
    found = {name: share["value"] for name, share in summarize(pairs, 0).items()}
    assert found == {"best": 0.5, "mean": 0.5, "worst": 0.5, "error_rate": 0.25, "difference": 0.0}


def test_a_second_try_that_was_lost_counts_as_one_that_failed():
    requests = [ask(f"1/execution/{name}", "?", {}, (0,)) for name in "ba"]
    problems = {name: {"id": name} for name in "ab"}
    found = list(second_tries(requests, {("1/execution/a", 1): Answer("a = 1", "stop", None)}, problems))
    assert [(sample["id"], sample["response"]) for sample, _ in found] == [
        ("1/execution/b", ""),
        ("1/execution/a", "a = 1"),
    ]
    assert [program and program["code"] for _, program in found] == [None, "a = 1"]


def test_a_benchmark_without_any_judged_sample_is_bad_input(tmp_path):
    for name in ("executions", "runs"):
        (tmp_path / name).write_text("")
    (tmp_path / "judgements").write_text('{"id": "3/p", "sample": 1, "scores": null, "reason": "unreadable"}\n')
    (tmp_path / "solutions").write_text(
        '{"id": "3/p", "sample": 1, "response": "", "finish_reason": "stop", "program": null}\n'
    )
    (tmp_path / "problems").write_text("")
    paths = {name: str(tmp_path / name) for name in ("problems", "solutions", "judgements", "summary")}
    lists = {name: [str(tmp_path / name)] for name in ("executions", "runs")}
    with pytest.raises(BadInput, match="none of the 1 problems has a judged sample"):
        score_selection(Namespace(**paths, **lists, weights={}, model="m", seed=0))
    assert not (tmp_path / "summary").exists()
