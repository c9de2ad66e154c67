"""Which files an experiment in ACR is made of."""

import pytest
from hypothesis import given

from refinement.experiment import answering
from refinement.methods.acr import experiment as acr
from support.experiments import (
    Wildcards,
    baseline,
    benchmark,
    experiment_of,
    experiments,
    guarded,
    some_examples,
    variant,
)

CORRECT = {"teacher": {"errors": "none"}}


def at(variant_name, iteration, student="tiny", run="miniature"):
    return Wildcards(run=run, student=student, variant=variant_name, iteration=str(iteration))


@pytest.fixture(scope="module")
def experiment():
    siblings = [variant("single", 2, on_original_win="single"), variant("correct", 2, **CORRECT),
                variant("longer", 0, training={"epochs": 9})]  # fmt: skip
    return experiment_of(variants=[variant("acr", 4), *siblings])


@pytest.mark.parametrize(
    ("name", "iteration", "path"),
    [
        ("acr", 0, "d0.jsonl"),
        ("acr", 2, "tiny/acr/iter_2/dataset.jsonl"),
        ("single", 0, "d0.jsonl"),
        ("single", 1, "tiny/single/iter_1/dataset.jsonl"),
        ("longer", 0, "d0.jsonl"),
        ("correct", 0, "d0/correct/d0.jsonl"),
        ("correct", 1, "tiny/correct/iter_1/dataset.jsonl"),
    ],
)
def test_a_data_set_is_the_teacher_s_or_what_the_iteration_before_refined(experiment, name, iteration, path):
    assert acr.dataset(experiment, at(name, iteration)) == f"results/miniature/{path}"
    assert acr.dataset(experiment, at(name, iteration + 1), back=1) == f"results/miniature/{path}"


def test_only_a_variant_that_uses_critiques_waits_for_them(experiment):
    assert acr.critiques_before(experiment, at("acr", 1)) == ["results/miniature/tiny/acr/iter_0/critiques.jsonl"]
    assert acr.critiques_before(experiment, at("correct", 1)) == [
        "results/miniature/tiny/correct/iter_0/critiques.jsonl"
    ]
    assert acr.critiques_before(experiment, at("single", 2)) == []


def test_executions_are_taken_over_from_the_iteration_before_whoever_owns_it(experiment):
    assert acr.executions_before(experiment, at("acr", 0)) == []
    assert acr.executions_before(experiment, at("single", 1)) == ["results/miniature/tiny/acr/iter_0/executions.jsonl"]


def test_a_replayed_student_needs_no_model():
    replay = {"backend": "replay", "options": {"run": "results/earlier"}}
    assert acr.sampled_model(experiment_of(roles={"student": replay}), at("acr", 1)) == []
    assert acr.sampled_model(experiment_of(), at("acr", 1)) == ["results/miniature/tiny/acr/iter_1/model"]


def test_the_last_model_of_every_chain_is_made(experiment):
    assert acr.last_models(experiment) == [
        f"results/miniature/tiny/{path}/model"
        for path in ("acr/iter_4", "single/iter_2", "correct/iter_2", "longer/iter_0")
    ]


@some_examples
@given(experiments())
def test_what_a_table_or_figure_shows_is_measured(experiment):
    main, shown = experiment.main_variant, {**experiment.tables, **experiment.figures}
    asked = {
        (asking.work, name, of)
        for asking in answering.asking_jobs(experiment) for name in asking.variants for of in asking.benchmarks
    }  # fmt: skip
    for name, benchmarks in shown.items():
        for of in benchmarks:
            answered = experiment.benchmarks[of].get("answers_of", of)
            assert ("benchmarks", main, answered) in asked, name
            if name == "figure3":
                assert all(("benchmarks", sibling, answered) in asked for sibling in experiment.siblings)
            if name in acr.PASS_TABLES:
                assert all(("benchmarks", each, answered) in asked for each in experiment.baselines)


def test_baselines_are_measured_by_the_tables_of_pass_at_1_or_else_by_all_benchmarks():
    listed = {"benchmarks": [benchmark("x"), benchmark("y")], "leakage": guarded("xy"), "baselines": [baseline("k")]}
    empty = {"figures": {"figure3": [], "figure4": [], "figure6": []}}
    none = experiment_of(**listed, **empty, tables={"table1": [], "table2": [], "table4": ["x"]})
    some = experiment_of(**listed, **empty, tables={"table1": ["y"], "table2": [], "table4": ["x"]})
    for experiment, together in ((none, ["x", "y"]), (some, ["y"])):
        (first, *_) = [asking for asking in answering.asking_jobs(experiment) if asking.variants == ["k"]]
        assert first.benchmarks == together


@some_examples
@given(experiments())
def test_every_account_is_named_once_and_lies_in_the_run(experiment):
    accounts = acr.accounts(experiment)
    assert len(accounts) == len(set(accounts))
    assert all(path.startswith("results/{run}/") and path.endswith(".counts.json") for path in accounts)


@some_examples
@given(experiments())
def test_steps_are_accounted_for_where_their_files_are_made(experiment):
    """A chain's samples are drawn where a next iteration needs them; its critiques are asked for where they are used."""
    accounts = set(acr.accounts(experiment))
    for name, entry in experiment.variants.items():
        for number in experiment.own_iterations(name):
            counts = {
                stage for stage in (*acr._STAGES, "model", "dataset")
                if experiment.iteration("{run}", "one", name, number).file(f"{stage}.counts.json") in accounts
            }  # fmt: skip
            goes_on = number < entry["iterations"]
            expected = {"model"} | ({"dataset"} if number else set()) | (set(acr._STAGES) if goes_on else set())
            uses = entry["on_original_win"] == "critique"
            assert counts == (expected if uses else expected - {"critiques"})


@some_examples
@given(experiments())
def test_what_is_compared_has_an_entry_each(experiment):
    outcomes, entries = acr.compared_outcomes(experiment), acr.comparison_entries(experiment)
    assert len(outcomes) == len(set(outcomes)) == len(entries)
    for path, entry in zip(outcomes, entries, strict=True):
        assert f"/{entry['variant']['name']}/" in path and path.startswith("results/{run}/")


def test_effects_name_the_student_where_there_are_several(experiment):
    assert acr.effect_titles(experiment)["selections"] == ["In distribution", "Hard (4 to 5 steps)"]
    two = [{**experiment.students["tiny"], "name": name, "title": name} for name in ("one", "two")]
    titles = acr.effect_titles(experiment_of(students=two))["feedback"]
    assert titles[0] == "one, In distribution" and len(titles) == len(set(titles)) == 4


def test_readers_of_the_teacher_s_answers_follow_the_stage():
    assert [acr.teacher_reader(stage) for stage in ("round_0", "round_1", "round_12", "answers")] == [
        "acr.concepts", "acr.evolution", "acr.evolution", "anything",
    ]  # fmt: skip
