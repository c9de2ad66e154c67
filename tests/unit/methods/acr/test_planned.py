"""The plan counts what the rules make."""

import json
from collections import Counter

import pytest
from hypothesis import given

from refinement.experiment import benchmarks
from refinement.methods.acr.experiment import accounts, askings
from refinement.methods.acr.planned import plan_results, settings
from support.experiments import (
    BACKENDS,
    baseline,
    benchmark,
    experiment_of,
    experiments,
    guarded,
    some_examples,
    variant,
)


@some_examples
@given(experiments())
def test_every_model_is_trained_once_and_every_chain_is_sampled_where_it_goes_on(experiment):
    found = settings(experiment)["chains"]
    assert [chain["folder"] for chain in found] == [
        f"{student}/{name}" for student in experiment.students for name in experiment.variants
    ]
    counted = set(accounts(experiment))
    for chain in found:
        for number in range(10):
            place = f"results/{{run}}/{chain['folder']}/iter_{number}"
            for stage, key in (("model", "trained"), ("samples", "sampled"), ("critiques", "criticized")):
                assert (f"{place}/{stage}.counts.json" in counted) == (number in chain[key]), f"{place} {stage}"


@some_examples
@given(experiments())
def test_every_benchmark_is_planned_once_for_whom_it_is_asked(experiment):
    planned = Counter(solved["folder"] for solved in settings(experiment)["solved"])
    assert set(planned.values()) <= {1}
    expected = set()
    for asking in askings(experiment):
        names = asking.benchmarks if asking.own else benchmarks.benchmarks_to_answer(experiment, asking.benchmarks)
        for name in asking.variants:
            if name in experiment.baselines:
                shown = any(experiment.tables.get(table) for table in ("table1", "table2", "table5"))
                owners = ["baselines"] if shown else []
            else:
                owners = [] if asking.work == "further" and not experiment.goes_further else experiment.students
            expected |= {f"{owner}/{name}/{asking.work}/{of}" for owner in owners for of in names}
    assert set(planned) == expected


@some_examples
@given(experiments())
def test_the_plan_counts_as_many_models_as_are_measured(experiment):
    for solved in settings(experiment)["solved"]:
        owner, name, work, _ = solved["folder"].split("/")
        first, last = experiment.measured_span(owner, name, work) if work in ("benchmarks", "further") else (0, 0)
        tried = len(experiment.config["feedback"]["iterations"])
        assert solved["models"] == (tried if work == "feedback" else last + 1 - first) > 0


def test_a_chain_without_critiques_plans_none_not_even_of_its_own_first_iteration():
    other = variant("other", 2, on_original_win="single", teacher={"errors": "none"})
    method, sibling = settings(experiment_of(variants=[variant("acr", 4), other]))["chains"]
    assert (method["sampled"], method["criticized"]) == ([0, 1, 2, 3], [0, 1, 2, 3])
    assert (sibling["sampled"], sibling["criticized"]) == ([0, 1], [])


def test_a_baseline_that_is_paid_goes_by_its_model_and_has_its_own_gpus():
    listed = [baseline("here"), baseline("served", "server"), baseline("paid", "endpoint")]
    found = settings(experiment_of(baselines=listed, resources={"benchmark": {"gpu": 1}}))
    assert found["endpoints"] == ["owner/paid"]
    assert found["baselines_gpus"] == {"Here": 1, "Served": BACKENDS["server"]["gpus"], "owner/paid": 0}


@pytest.mark.parametrize(
    ("entry", "assumed", "expected"),
    [
        ({"size": 9}, {}, 9),
        ({"size": 9, "limit": 4}, {}, 4),
        ({"size": 9, "limit": 20}, {}, 9),
        ({"kind": "file", "path": "config.yaml"}, {"x": 7}, 7),
        ({"kind": "file", "path": "config.yaml", "limit": 3}, {"x": 7}, 3),
        ({"kind": "file", "path": "config.yaml"}, {}, "config.yaml"),
    ],
)
def test_problems_are_counted_by_the_config_or_by_assumption_or_in_their_file(entry, assumed, expected):
    one = benchmark("x", **entry)
    if "size" not in entry:
        del one["size"]
    experiment = experiment_of(
        benchmarks=[one], leakage=guarded("x"), tables={"table1": [], "table2": ["x"], "table4": []},
        figures={"figure3": [], "figure4": [], "figure6": []}, plan={"problems": assumed},
    )  # fmt: skip
    assert {solved["problems"] for solved in settings(experiment)["solved"]} == {expected}
    plan, actual = plan_results(experiment, "cost")
    for result in (plan, actual):
        assert ("config.yaml" in result.awaited) == isinstance(expected, str)


def test_the_plan_waits_for_nothing_that_has_to_be_downloaded():
    local = experiment_of()
    plan, _ = plan_results(local, "cost")
    assert plan.inputs["snippets"] == ["results/miniature/snippets/snippets.jsonl"]
    remote = experiment_of(snippets={"source": "hub:owner/data:code"})
    plan, _ = plan_results(remote, "cost")
    assert plan.inputs["snippets"] == []


def test_what_came_of_the_plan_waits_for_every_run():
    experiment = experiment_of(seeds=2)
    plan, actual = plan_results(experiment, "cost")
    runs = ["results/miniature", "results/miniature/seed_1"]
    assert actual.options["actual"] == runs and "actual" not in plan.options
    assert {f"{run}/tables/records.csv" for run in runs} <= set(actual.awaited) - set(plan.awaited)
    assert json.loads(plan.options["settings"])["seeds"] == 2


def test_an_earlier_run_that_has_more_to_tell_makes_the_plan_anew(tmp_path):
    experiment = experiment_of(plan={"measured": str(tmp_path)})
    plan, _ = plan_results(experiment, "cost")
    assert plan.compared == [0, 0] and plan.options["measured"] == [str(tmp_path)]
    (tmp_path / "x" / "responses").mkdir(parents=True)
    (tmp_path / "x" / "responses" / "samples.1.jsonl").write_text("12345")
    assert plan_results(experiment, "cost")[0].compared == [1, 5]
