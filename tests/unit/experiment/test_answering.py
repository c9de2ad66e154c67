"""Who answers requests, and that each benchmark's answers are asked for by one rule."""

import json
from collections import Counter

import pytest
from hypothesis import given

from refinement.experiment import answering, benchmarks
from refinement.experiment.paths import BASELINES
from support.experiments import (
    BACKENDS,
    Wildcards,
    baseline,
    benchmark,
    experiment_of,
    experiments,
    guarded,
    some_examples,
)


def asked(experiment):
    """How many rules ask for a variant's answers to a benchmark, by work, variant and benchmark."""
    return Counter(
        (asking.work, variant, name)
        for asking in answering.asking_jobs(experiment)
        for variant in asking.variants
        for name in asking.benchmarks
    )


@some_examples
@given(experiments())
def test_each_benchmark_s_answers_are_asked_by_exactly_one_rule_for_each_variant(experiment):
    counted = asked(experiment)
    assert set(counted.values()) == {1}
    answered = {name for name, entry in experiment.benchmarks.items() if "answers_of" not in entry}
    for variant in (*experiment.variants, *experiment.baselines):
        assert {name for work, who, name in counted if (work, who) == ("benchmarks", variant)} == answered
    for work in ("scoring", "feedback"):
        found = {name for kind, _, name in counted if kind == work}
        assert found == set(experiment.benchmarks), "these answers are nobody else's"


@some_examples
@given(experiments())
def test_what_a_figure_or_a_table_reads_is_asked_together(experiment):
    jobs = list(answering.asking_jobs(experiment))
    for work, shown in (("further", "figure6"), ("feedback", "figure4")):
        names = experiment.figures.get(shown, [])
        wanted = names if work == "feedback" else benchmarks.benchmarks_to_answer(experiment, names)
        if wanted:
            assert next(job for job in jobs if job.work == work).benchmarks == wanted


@some_examples
@given(experiments())
def test_rules_that_ask_have_names_of_their_own(experiment):
    names = [answering.asking_rule(experiment, asking) for asking in answering.asking_jobs(experiment)]
    assert len(names) == len(set(names)) and all(name.isidentifier() for name in names)


def test_a_benchmark_that_shares_another_s_answers_reads_them_where_those_are():
    shared = [benchmark("x"), benchmark("y", answers_of="x")]
    experiment = experiment_of(benchmarks=shared, leakage=guarded("xy"), tables={"table1": ["y"], "table2": [], "table4": []},
                               figures={"figure3": [], "figure4": [], "figure6": []})  # fmt: skip
    place = {"run": "r", "student": "tiny", "variant": "acr", "work": "benchmarks"}
    read = benchmarks.responses(experiment, Wildcards(**place, benchmark="y"), range(1, 3))
    assert read == [f"results/r/tiny/acr/benchmarks/x/responses/solutions.{shard}.jsonl" for shard in (1, 2)]
    assert benchmarks.benchmarks_to_answer(experiment, ["y", "x"]) == ["x"]


def options(words):
    """A command line's options, each with the word after it."""
    return dict(zip(words[::2], words[1::2], strict=True))


def test_a_role_s_command_line_says_who_answers_and_how_often():
    experiment = experiment_of(seeds=2)
    words = answering.deciding_arguments(experiment, "judge", "acr.judgement", "miniature")
    found = options(words)
    assert (found["--backend"], found["--model"], found["--attempts"]) == ("scripted", "judge", "3")
    assert found["--expect"] == "acr.judgement" and "--system" not in found
    other = answering.deciding_arguments(experiment, "judge", "acr.judgement", "miniature/seed_1")
    assert json.loads(found["--options"])["seed"] != json.loads(options(other)["--options"])["seed"]


def test_a_role_reads_its_backend_s_options_and_leaves_the_others():
    mixed = {"max_rows": 9, "command": "serve {port}", "concurrency": 2}
    experiment = experiment_of(roles={"judge": {"backend": "transformers", "model": "owner/judge", "options": mixed}})
    words = answering.deciding_arguments(experiment, "judge", "acr.judgement", "miniature")
    found = json.loads(options(words)["--options"])
    assert found["max_rows"] == 9 and not {"command", "concurrency", "noise"} & set(found)


def test_changes_to_a_role_s_options_are_a_variant_s_own():
    experiment = experiment_of()
    line = [experiment, "teacher", "anything", "miniature"]
    plain, changed = (json.loads(options(answering.deciding_arguments(*line, changes))["--options"])
                      for changes in (None, {"errors": "none"}))  # fmt: skip
    assert plain["errors"] == "concept" and changed == {**plain, "errors": "none"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_baseline_is_answered_by_its_own_backend_or_by_the_student_s(backend):
    experiment = experiment_of(baselines=[baseline("own", backend), baseline("same")])
    own = answering.answering_benchmarks(experiment, BASELINES, "own")
    assert (own["backend"], own["options"]) == (backend, BACKENDS[backend])
    assert own["sampling"] == experiment.roles["student"]["sampling"]
    assert answering.answering_benchmarks(experiment, BASELINES, "same") == experiment.roles["student"]
    assert answering.answering_benchmarks(experiment, "tiny", "acr") == experiment.roles["student"]
    codes = {
        answering.answering_code(experiment, "student", "verbatim", who) for who in (own, experiment.roles["student"])
    }
    assert len(codes) == (1 if backend == "transformers" else 2)


def test_models_are_waited_for_where_they_are_made_here(tmp_path):
    here = tmp_path / "model"
    here.mkdir()
    experiment = experiment_of(baselines=[baseline("hub"), baseline("local", model=str(here))])
    for name, waits in (("hub", []), ("local", [str(here)])):
        assert answering.models_measured(experiment, "r", BASELINES, name, "benchmarks") == waits
        wildcards = Wildcards(run="r", student=BASELINES, variant=name, work="benchmarks")
        assert answering.models_by_name(experiment, wildcards, waits) == [experiment.baselines[name]["model"]]
    mine = answering.models_measured(experiment, "r", "tiny", "acr", "further")
    assert mine == [f"results/r/tiny/acr/iter_{number}/model" for number in (4, 5)]


def test_answers_are_replayed_from_all_shards_of_an_earlier_run_s_same_stage(tmp_path):
    earlier = tmp_path / "earlier"
    folder = earlier / "seed_1" / "tiny" / "acr" / "iter_0" / "responses"
    folder.mkdir(parents=True)
    for name in ("samples.1", "samples.2", "judgements.1"):
        (folder / f"{name}.jsonl").touch()
    replay = {"backend": "replay", "options": {"run": str(earlier)}}
    experiment = experiment_of(roles={"student": replay}, seeds=2)
    output = ["results/miniature/seed_1/tiny/acr/iter_0/responses/samples.3.jsonl"]
    words = answering.sending_arguments(experiment, "student", "miniature/seed_1", output)
    read = json.loads(options(words)["--options"])["responses"]
    assert read == [str(folder / f"samples.{shard}.jsonl") for shard in (1, 2)]
    none = [path.replace("samples", "critiques") for path in output]
    words = answering.sending_arguments(experiment, "student", "miniature/seed_1", none)
    (missing,) = json.loads(options(words)["--options"])["responses"]
    assert missing.endswith("/critiques.3.jsonl"), "the step says what is missing"


def test_each_option_of_a_role_is_handed_over_once_as_deciding_or_as_sending():
    given = {"base_url": "http://127.0.0.1:9/v1", "key_variable": None, "concurrency": 3, "retries": 1}
    endpoint = {"backend": "endpoint", "model": "m", "options": given}
    server = {"backend": "server", "model": "m", "options": {"command": "serve {port}", "gpus": 2, "concurrency": 3}}
    for entry, decides in ((endpoint, set()), (server, {"command"})):
        asks = {"judge": {"gpu": entry["options"].get("gpus", 0)}}
        experiment = experiment_of(roles={"judge": entry}, resources=asks)
        decided = json.loads(
            options(answering.deciding_arguments(experiment, "judge", "anything", "miniature"))["--options"]
        )
        sent = json.loads(options(answering.sending_arguments(experiment, "judge", "miniature", ["x"]))["--options"])
        assert {name for name in decided if name in entry["options"]} == decides
        assert not set(decided) & set(sent) and set(entry["options"]) <= {*decided, *sent}
