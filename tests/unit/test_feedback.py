"""Second tries: who gets one, what is said, and how it counts."""

from argparse import Namespace

import pytest

from collect_second_tries import second_tries
from refinecoder.acr.feedback import describe_all, describe_execution, failures, second_turn
from refinecoder.acr.scoring import choose_best, choose_worst
from refinecoder.answers import suggestion
from refinecoder.batch import Answer, ask
from refinecoder.miniature import teacher
from refinecoder.prompts import fill_template, load_template
from refinecoder.records import BadInput
from score_feedback import differences, rows
from score_selection import main as score_selection
from score_selection import summarize


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
    template = load_template("prompts/suggestion.txt", "instruction", "code", "result")
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
    paths = {name: str(tmp_path / name) for name in ("solutions", "judgements", "summary")}
    lists = {name: [str(tmp_path / name)] for name in ("executions", "runs")}
    with pytest.raises(BadInput, match="none of the 1 problems has a judged sample"):
        score_selection(Namespace(**paths, **lists, weights={}, model="m", seed=0))
    assert not (tmp_path / "summary").exists()
