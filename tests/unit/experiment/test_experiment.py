"""Chains of iterations, who owns iteration 0, which models are measured once, and what a full run makes."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given

from refinement.experiment.experiment import FURTHER, MEASURED
from refinement.experiment.paths import BASELINES
from support.experiments import Wildcards, baseline, experiment_of, experiments, some_examples, variant

OWN_START = [{"training": {"epochs": 9}}, {"teacher": {"errors": "none"}}]


@pytest.mark.parametrize("own", OWN_START)
def test_a_variant_that_changes_what_the_first_model_is_made_of_has_one_of_its_own(own):
    experiment = experiment_of(variants=[variant("acr", 3), variant("other", 2) | own])
    assert experiment.owner_of_iteration("other", 0) == "other"
    assert experiment.own_iterations("other") == [0, 1, 2]


@pytest.mark.parametrize("same", [{}, {"loss": "last"}, {"on_self_win": "keep"}, {"on_original_win": "drop"}])
def test_every_other_variant_shares_the_method_s_first_iteration(same):
    experiment = experiment_of(variants=[variant("acr", 3), variant("other", 2) | same])
    assert experiment.owner_of_iteration("other", 0) == "acr"
    assert experiment.own_iterations("other") == [1, 2]


@some_examples
@given(experiments())
def test_every_iteration_of_every_variant_has_one_owner_whose_chain_holds_it(experiment):
    for name, entry in experiment.variants.items():
        for number in experiment.iterations(name):
            owner = experiment.owner_of_iteration(name, number)
            assert owner == name or (owner == experiment.main_variant and number == 0)
            assert number in experiment.own_iterations(owner)
        assert len(experiment.iterations(name)) == entry["iterations"] + 1


@some_examples
@given(experiments())
def test_no_file_of_an_iteration_has_two_owners_and_none_is_missing(experiment):
    made = Counter(
        experiment.iteration("r", "one", name, number).file("model")
        for name in experiment.variants
        for number in experiment.own_iterations(name)
    )
    assert set(made.values()) == {1}
    for name in experiment.variants:
        files = experiment.files_by_iteration("one", name, "model", "r")
        assert len(files) == len(set(files)) == experiment.variants[name]["iterations"] + 1
        assert set(files) <= set(made)


def test_a_rule_s_wildcards_name_an_iteration_or_one_before_it():
    experiment = experiment_of(variants=[variant("acr", 3), variant("other", 2)])
    place = {"run": "miniature/seed_1", "student": "tiny", "variant": "other"}
    found = experiment.at(Wildcards(iteration="2", **place))
    assert found.file("ranking.jsonl") == "results/miniature/seed_1/tiny/other/iter_2/ranking.jsonl"
    assert experiment.at(Wildcards(iteration="1", **place), back=1).variant == "acr"


def measured(experiment, student, name, work):
    first, last = experiment.measured_span(student, name, work)
    return {experiment.iteration("r", student, name, number) for number in range(first, last + 1)}


@some_examples
@given(experiments())
def test_every_model_is_measured_once_by_one_work_of_its_owner(experiment):
    counted = Counter()
    for name in experiment.variants:
        works = MEASURED if name == experiment.main_variant else MEASURED[:1]
        for work in works:
            models = measured(experiment, "one", name, work)
            assert {model.variant for model in models} <= {name}, "siblings do not measure the method's M_0 again"
            counted.update(models)
    made = {
        experiment.iteration("r", "one", name, number)
        for name in experiment.variants
        for number in experiment.own_iterations(name)
    }
    assert counted == dict.fromkeys(made, 1)


@some_examples
@given(experiments())
def test_the_tables_show_the_method_up_to_its_final_iteration_and_the_rest_is_further(experiment):
    main, last = experiment.main_variant, experiment.variants[experiment.main_variant]["iterations"]
    assert experiment.measured_span("one", main, "benchmarks") == (0, experiment.final)
    assert bool(measured(experiment, "one", main, FURTHER)) == experiment.goes_further == (last > experiment.final)


def test_a_baseline_is_one_model():
    experiment = experiment_of(baselines=[baseline("k")])
    assert experiment.measured_span(BASELINES, "k", "benchmarks") == (0, 0)


def test_runs_are_numbered_by_their_seeds_below_the_first():
    experiment = experiment_of(experiment="mine", seed=7, seeds=3)
    assert experiment.runs == {"mine": 7, "mine/seed_8": 8, "mine/seed_9": 9}
    assert experiment.seed("mine/seed_9") == 9
    seeds = {experiment.seed(run, "training", stage) for run in experiment.runs for stage in ("base", "model")}
    assert len(seeds) == 6


@some_examples
@given(experiments())
def test_targets_are_the_results_that_the_page_shows_and_the_last_model_of_every_chain(experiment):
    targets = experiment.targets()
    assert len(targets) == len(set(targets)) and experiment.page in targets
    for result in experiment.declared_results:
        runs = [run for run in experiment.runs if result.file(run) in targets]
        if result.section and result.wanted:
            assert runs == (list(experiment.runs)[:1] if result.once else list(experiment.runs))
        else:
            assert runs == []
    last = [path for path in targets if path.endswith("/model")]
    assert len(last) == len(experiment.runs) * len(experiment.students) * len(experiment.variants)


def test_a_file_of_the_project_is_relative_to_the_project_s_folder_alone(tmp_path, monkeypatch):
    experiment = experiment_of()
    assert experiment.project_file("reference/acr.yaml") == "reference/acr.yaml"
    monkeypatch.chdir(tmp_path)
    found = Path(experiment.project_file("reference/acr.yaml"))
    assert found.is_absolute() and found.is_file()
