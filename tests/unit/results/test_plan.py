"""The plan: counted by hand, and measured."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.completion.tokens import token_counter
from refinement.completion.usage import Usage, read_usage
from refinement.methods.acr.plan import Planner, dataset_sizes
from refinement.records.errors import BadInput
from refinement.results.plan import group_by_stage, make_plan, measure

LENGTHS = {name: 10 * place for place, name in enumerate(
    ("snippet", "concepts", "instruction", "answer", "judgement", "comparison", "critique", "suggestion", "feedback"),
    start=1)}  # fmt: skip
TEMPLATES = {
    name: ["a b c"] for name in ("concepts", "judge_point", "judge_pair", "critic", "suggestion", "second_try")
}
TEMPLATES["evolution"] = ["a", "a b c"]


def settings(**changes):
    chain = {"student": "S", "folder": "s/acr", "epochs": 2, "trained": [0, 1], "sampled": [0], "criticized": [0],
             "on_self_win": "replace", "on_original_win": "critique"}  # fmt: skip
    solved = {"student": "S", "folder": "s/acr/benchmarks/b", "work": "benchmarks", "models": 2, "samples": 3,
              "problems": 20}  # fmt: skip
    role = {"backend": "scripted", "model": "m", "attempts": 1}
    roles = dict.fromkeys(("teacher", "judge", "critic", "student"), role)
    rate = {"startup": 1, "input": 100, "output": 10}
    plan = {
        "characters_per_token": 4, "student_tokens": 0.5, "lengths": LENGTHS, "asked_again": 0.1, "prices": {},
        "shares": {"self_wins": [0.5], "original_wins": [0.25, 0.5], "failing": 0.5},
        "rates": dict.fromkeys((*roles, "training"), rate),
    }  # fmt: skip
    base = {
        "per_snippet": 2, "rounds": 1, "keep": "last", "d0_size": 80, "snippets": 50, "samples": 7, "orders": 1, "format": "two_turn",
        "seeds": 1, "shards": dict.fromkeys((*roles, "benchmark", "solutions"), 1), "roles": roles,
        "endpoints": [], "baselines_gpus": {}, "gpus": {**dict.fromkeys(roles, 0), "training": 2}, "teachers": [("instructions", "ask_teacher/answers.*.tsv")],
        "chains": [chain], "solved": [solved], "plan": plan,
    }  # fmt: skip
    return {**base, **changes}


def rows(known, runs=()):
    planner = Planner(known, TEMPLATES, lambda role, text: len(text.split()))
    return {row.stage: row for row in make_plan(known, planner.works(), runs)}


def test_requests_and_tokens_are_what_a_hand_counts():
    found = rows(settings())
    assert {stage: row.requests for stage, row in found.items()} == {
        "Instructions": 100, "Evolution": 100, "Answers of D_0": 80, "Samples": 560, "Judgements": 560,
        "Comparisons": 80, "Critiques": 20, "Training": 160, "Benchmarks": 120,
    }  # fmt: skip
    assert found["Instructions"].tokens_in == 100 * (3 + 10) and found["Instructions"].tokens_out == 100 * 20
    assert found["Evolution"].tokens_in == 100 * (2 + 30), "the mean of two templates"
    assert found["Samples"].tokens_in == 560 * 15 and found["Samples"].tokens_out == 560 * 20, "the student's tokens"
    assert found["Comparisons"].tokens_in == 80 * (3 + 30 + 40 + 40)
    assert found["Critiques"].tokens_out == 20 * 70
    assert found["Training"].tokens_in == 2 * 80 * (35 + 35 + 0.25 * (45 + 20)), "critiques make two turns from D_1 on"
    assert found["Training"].gpu_hours == 2 * found["Training"].hours


def test_a_variants_benchmarks_are_asked_by_one_job():
    (one,) = settings()["solved"]
    hours = rows(settings(solved=[one, {**one, "folder": "s/acr/benchmarks/c"}]))["Benchmarks"].hours
    apart = rows(settings(solved=[one, {**one, "folder": "s/other/benchmarks/b"}]))["Benchmarks"].hours
    assert apart - hours == pytest.approx(1 / 3600), "a second job starts up a second time"


@pytest.mark.parametrize(("form", "template"), [("two_turn", 0), ("single", 3)])
def test_second_tries_are_asked_as_their_format_says(form, template):
    solved = {**settings()["solved"][0], "folder": "s/acr/feedback/b", "work": "feedback", "samples": 1}
    found = rows(settings(solved=[solved], format=form))
    assert found["Suggestions"].requests == 20 and found["Second tries"].requests == 40
    assert found["Second tries"].tokens_in == 40 * (template + 0.5 * (30 + 40 + 90)), "instruction, answer, feedback"
    assert found["Suggestions"].tokens_in == 20 * (3 + 30 + 40 + 90)


def test_what_is_asked_again_is_paid_again_and_only_where_it_is():
    role = {"backend": "scripted", "model": "m", "attempts": 3}
    more = settings(roles={**settings()["roles"], "judge": role})
    assert rows(more)["Judgements"].requests == 616 and rows(more)["Samples"].requests == 560


def test_both_orders_kept_versions_and_seeds_multiply():
    assert rows(settings(orders=2))["Comparisons"].requests == 160
    assert rows(settings(seeds=5))["Samples"].requests == 2800
    kept = rows(settings(keep="all", rounds=2, d0_size=10_000))
    assert kept["Evolution"].requests == 100 + 200 and kept["Answers of D_0"].requests == 400


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.integers(0, 6),
    st.sampled_from(["replace", "drop"]),
    st.sampled_from(["critique", "drop"]),
)
def test_data_sets_shrink_only_by_what_is_dropped(wins, last, on_self, on_original):
    chain = {"trained": range(last + 1), "on_self_win": on_self, "on_original_win": on_original}
    shares = {"self_wins": [win / 2 for win in wins], "original_wins": [win / 2 for win in wins]}
    sizes = dataset_sizes(600, chain, shares)
    assert len(sizes) == last + 1 and all(0 <= after <= before for before, after in itertools.pairwise(sizes))
    expected = 600.0
    for iteration in range(last):
        win = wins[min(iteration, len(wins) - 1)] / 2
        expected *= 1 - win * (on_self == "drop") - win * (on_original == "drop")
    assert math.isclose(sizes[-1], expected, abs_tol=1e-9)


def test_only_endpoints_are_paid_and_an_unknown_price_is_no_zero():
    role = {"backend": "endpoint", "model": "big", "attempts": 1}
    paid = settings(roles={**settings()["roles"], "judge": role})
    assert rows(paid)["Judgements"].usd is None and rows(paid)["Samples"].usd == 0
    paid["plan"] = {**paid["plan"], "prices": {"big": {"input": 2.0, "output": 8.0}}}
    row = rows(paid)["Judgements"]
    assert row.usd == pytest.approx((2 * row.tokens_in + 8 * row.tokens_out) / 1e6)


def test_a_baseline_behind_an_endpoint_is_paid_too():
    solved = {**settings()["solved"][0], "student": "big", "folder": "baselines/b/benchmarks/b"}
    paid = settings(solved=[solved], endpoints=["big"])
    assert rows(paid)["Benchmarks"].usd is None and rows(paid)["Samples"].usd == 0
    paid["plan"] = {**paid["plan"], "prices": {"big": {"input": 2.0, "output": 8.0}}}
    row = rows(paid)["Benchmarks"]
    assert row.usd == pytest.approx((2 * row.tokens_in + 8 * row.tokens_out) / 1e6)


def test_a_baseline_takes_the_gpus_of_its_own_backend_and_nobody_else_does():
    solved = {**settings()["solved"][0], "student": "big", "folder": "baselines/b/benchmarks/b"}
    teacher = {**settings()["roles"]["teacher"], "model": "big"}
    base = settings(solved=[solved], roles={**settings()["roles"], "teacher": teacher}, baselines_gpus={"big": 4})
    found = rows(base)
    assert found["Benchmarks"].gpu_hours == 4 * found["Benchmarks"].hours > 0
    assert found["Instructions"].model == "big" and found["Instructions"].gpu_hours == 0


def response(tokens_in, tokens_out):
    body = {"choices": [], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}}
    return json.dumps({"custom_id": "a:1:1", "response": {"status_code": 200, "body": body}, "error": None}) + "\n"


def test_an_earlier_runs_lengths_and_speed_replace_the_assumed(tmp_path):
    folder = tmp_path / "s/acr/iter_0/responses"
    folder.mkdir(parents=True)
    (folder / "samples.1.jsonl").write_text(response(100, 50) + response(300, 70))
    times = tmp_path / "times/s/acr/iter_0"
    times.mkdir(parents=True)
    (times / "ask_student.1.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n4.0\t0:00:04\t1\t1\n")
    row = rows(settings(), [tmp_path])["Samples"]
    assert (row.tokens_in, row.tokens_out, row.basis) == (560 * 200, 560 * 60, "measured")
    assert row.hours == pytest.approx(560 * 2 / 3600)
    assert rows(settings(), [tmp_path])["Judgements"].basis == "assumed"
    planner = Planner(settings(), TEMPLATES, lambda role, text: 0)
    group = group_by_stage(planner.works())["Samples", "student", "S"]
    assert measure([tmp_path], group).usage == Usage(2, 400, 120)


def test_a_folder_without_responses_is_no_earlier_run(tmp_path):
    with pytest.raises(BadInput, match=r"plan.measured: .* holds no responses .*; name another run or null"):
        rows(settings(), [tmp_path])


def test_usage_counts_failures_and_names_broken_lines(tmp_path):
    path = tmp_path / "r.jsonl"
    failed = json.dumps({"custom_id": "a:1:1", "response": None, "error": {"code": "x", "message": ""}}) + "\n"
    path.write_text(response(5, 6) + failed)
    assert read_usage([path]) == Usage(2, 5, 6)
    path.write_text(response(5, 6) + "{\n")
    with pytest.raises(BadInput, match=r"r.jsonl:2: not a response with its usage"):
        read_usage([path])


def test_tokens_are_words_to_a_script_and_the_tokenizers_where_there_is_one(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    text = "def f ( x ) : return x"
    assert token_counter({"backend": "scripted"}, 4)(text) == 8
    assert token_counter({"backend": "endpoint", "model": "big"}, 4)(text) == len(text) / 4
    assert token_counter({"backend": "server", "model": str(tmp_path / "absent")}, 2)(text) == len(text) / 2
    tokenizer = Tokenizer(models.WordLevel({"def": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("e", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?").save_pretrained(tmp_path)
    assert token_counter({"backend": "server", "model": str(tmp_path)}, 4)(text) == 5


def step(tmp_path, known, *arguments):
    templates = {}
    for name, texts in TEMPLATES.items():
        templates[name] = [str(tmp_path / f"{name}{place}.txt") for place in range(len(texts))]
        for path, text in zip(templates[name], texts, strict=True):
            Path(path).write_text(text)
    return subprocess.run(
        [sys.executable, "scripts/results/plan_run.py", "--method=acr", "--settings", json.dumps(known), "--templates", json.dumps(templates),
         "--label", "miniature", *(f"--{kind}={tmp_path / f'plan.{kind}'}" for kind in ("csv", "markdown", "latex")),
         *arguments],
        capture_output=True, text=True,
    )  # fmt: skip


def test_the_step_names_missing_prices_and_counts_files(tmp_path):
    role = {"backend": "endpoint", "model": "big", "attempts": 1}
    known = settings(roles={**settings()["roles"], "judge": role})
    assert (run := step(tmp_path, known)).returncode == 0, run.stderr
    text = (tmp_path / "plan.markdown").read_text()
    assert "No price for big: add it to plan.prices" in text and text.startswith("# Plan (miniature)")
    lines = (tmp_path / "plan.csv").read_text().splitlines()
    assert lines[0].startswith("Stage,Role,Model,Requests") and lines[-1].startswith("Total")
    asked = [int(line.split(",")[3]) for line in lines[1:-1] if not line.startswith("Training")]
    assert int(lines[-1].split(",")[3]) == sum(asked)


@pytest.mark.parametrize(
    ("changes", "arguments", "says"),
    [
        (
            {"snippets": None},
            (),
            "snippets.size: needed for a plan, since the size of a data set on the hub is unknown; set it",
        ),
        ({}, ("--snippets", "absent.jsonl"), "absent.jsonl: no such file"),
        ({}, ("--measured", "absent"), "plan.measured: absent holds no responses"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(tmp_path, changes, arguments, says):
    run = step(tmp_path, settings(**changes), *arguments)
    assert run.returncode == 1 and run.stderr.startswith(f"error: {says}") and run.stderr.count("\n") == 1
    assert not (tmp_path / "plan.csv").exists()
