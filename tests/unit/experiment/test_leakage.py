"""What is held against benchmarks' questions, and how the step is told of it."""

import argparse
from pathlib import Path

import pytest

from refinement.experiment import leakage
from support.experiments import benchmark, experiment_of, student, variant

EMPTY = {
    "tables": {name: [] for name in ("table1", "table2", "table4")},
    "figures": {name: [] for name in ("figure3", "figure4", "figure6")},
}


@pytest.fixture
def experiment(tmp_path):
    """Questions of this run, from two files of the user's, and from the hub; data sets of all kinds."""
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "own.jsonl")]
    for path in files:
        path.touch()
    questions = [
        {"name": "x", "title": "X", "field": "prompt", "solution": "canonical_solution", "records": "1-3"},
        {"name": "files", "title": "F", "field": "q", "source": [str(path) for path in files[:2]], "mention": "F.?"},
        {"name": "hub", "title": "H", "field": "question", "source": "hub:a/b@1#test"},
    ]
    datasets = [
        {"name": "d0", "title": "D0", "kind": "d0"},
        {"name": "leaky", "title": "L", "kind": "leaky", "share": 0.5},
        {"name": "own", "title": "O", "kind": "source", "source": str(files[2]), "field": "text"},
        {"name": "far", "title": "R", "kind": "source", "source": "hub:c/d@2#train", "field": "a+b"},
    ]
    return experiment_of(
        benchmarks=[benchmark("x")], leakage={"benchmarks": questions, "datasets": datasets}, **EMPTY,
        students=[student("s"), student("t")], variants=[variant("acr", 4)], final_iteration=2,
    )  # fmt: skip


def told(words):
    parser = argparse.ArgumentParser()
    for name in ("train", "train-field", "benchmark", "benchmark-field", "benchmark-records", "benchmark-mention"):
        parser.add_argument(f"--{name}", nargs="+")
    return parser.parse_args(words)


def test_files_are_waited_for_and_the_hub_s_data_are_not(experiment):
    assert [Path(path).name for path in leakage.question_files(experiment, "r")] == ["x.jsonl", "a.jsonl", "b.jsonl"]
    assert [Path(path).name for path in leakage.dataset_files(experiment, "r")] == [
        "d0.jsonl",
        "leaky.jsonl",
        "own.jsonl",
    ]


def test_each_place_of_a_benchmark_has_its_field_and_each_benchmark_its_records(experiment):
    found = told(leakage.question_arguments(experiment, "r", "field"))
    names = [place.partition("=")[0] for place in found.benchmark]
    assert names == ["x", "files", "files", "hub"] and found.benchmark[0] == "x=results/r/benchmarks/x.jsonl"
    assert found.benchmark_field == ["prompt", "q", "q", "question"]
    assert found.benchmark_records == ["1-3", "all", "all"] and found.benchmark_mention == ["", "F.?", ""]


def test_responses_are_held_against_canonical_solutions_where_there_are_any(experiment):
    assert leakage.solved(experiment) == ["x"] and leakage.turn_measures(experiment) == ["critiques", "responses"]
    found = told(leakage.question_arguments(experiment, "r", "solution", leakage.solved(experiment)))
    assert (found.benchmark_field, found.benchmark_records) == (["canonical_solution"], ["1-3"])
    assert found.benchmark_mention is None
    none = [{"name": "x", "title": "X", "field": "prompt"}]
    without = experiment_of(benchmarks=[benchmark("x")], leakage={"benchmarks": none, "datasets": []}, **EMPTY)
    assert leakage.turn_measures(without) == ["critiques"]


def test_data_sets_lie_in_the_run_or_where_the_config_says(experiment):
    found = told(leakage.dataset_arguments(experiment, "r"))
    assert found.train[:2] == ["d0=results/r/d0.jsonl", "leaky=results/r/leakage/leaky.jsonl"]
    assert found.train[3] == "far=hub:c/d@2#train" and found.train_field == [
        "instruction",
        "instruction",
        "text",
        "a+b",
    ]


def test_turns_are_measured_from_the_first_data_set_to_the_final_iteration_s(experiment):
    paths = leakage.datasets_by_iteration(experiment, "r", "s")
    assert paths == ["results/r/d0.jsonl", *(f"results/r/s/acr/iter_{number}/dataset.jsonl" for number in (1, 2))]
    assert told(leakage.iteration_arguments(paths)).train == [f"iter_{n}={path}" for n, path in enumerate(paths)]
    files = leakage.turn_entries(experiment)["files"]
    assert [(entry["student"], entry["measure"]) for entry in files] == [
        ("S", "critiques"), ("S", "responses"), ("T", "critiques"), ("T", "responses"),
    ]  # fmt: skip


def test_settings_are_options_by_their_names(experiment):
    assert leakage.numbers(experiment, "k", "action") == ["--k=1", "--action=stop"]
