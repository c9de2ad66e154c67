"""The tables and figures of RefineCoder: what they read, and what the page says of them."""

import json

import pytest
from hypothesis import given

from refinement.experiment import page
from refinement.experiment.commands import as_json
from refinement.experiment.paths import BASELINES, BENCHMARK, times_of
from refinement.results.times import stages
from support.experiments import baseline, benchmark, experiment_of, experiments, guarded, some_examples, student


def named(experiment):
    return {result.name: result for result in experiment.declared_results}


def entries(result):
    return json.loads(result.options["entries"])


@some_examples
@given(experiments())
def test_there_is_an_entry_for_each_file_in_their_order(experiment):
    results = named(experiment)
    for name in ("table1", "table2", "table4", "table5", "figure3", "figure4", "figure6", "training", "baselines"):
        assert len(results[name].inputs["files"]) == len(entries(results[name])), name
    for name in ("table2", "figure3", "figure4"):
        for path, entry in zip(results[name].inputs["files"], entries(results[name]), strict=True):
            _, _, owner, variant, _, of, _ = path.split("/")
            own = experiment.students if owner in experiment.students else experiment.baselines
            who = owner if owner in experiment.students else variant
            assert (own[who]["title"], experiment.benchmarks[of]["title"]) == (entry["student"], entry["benchmark"])
    assert len(results["leakage"].inputs["files"]) == len(entries(results["leakage"])["files"])


@some_examples
@given(experiments())
def test_what_this_config_leaves_out_is_declared_and_not_wanted(experiment):
    for result in experiment.declared_results:
        listed = {**experiment.config["tables"], **experiment.config["figures"]}
        if result.name in listed:
            assert result.wanted == bool(listed[result.name])
    assert named(experiment)["seeds"].wanted == (len(experiment.runs) > 1)
    assert named(experiment)["baselines"].wanted == bool(experiment.baselines)
    assert not named(experiment)["table3"].wanted and not named(experiment)["figure7"].wanted


@some_examples
@given(experiments())
def test_seeds_are_summarized_over_the_same_results_of_every_run(experiment):
    seeds = named(experiment)["seeds"]
    files = seeds.inputs["files"]
    per_run = len(files) // len(experiment.runs)
    shown = [result for result in experiment.results if result.over_seeds]
    assert per_run == len(shown) and len(files) == len(set(files)) == per_run * len(experiment.runs)
    assert seeds.options["seeds"] == list(experiment.runs.values())


def test_a_published_value_is_looked_up_only_where_the_config_names_it():
    names = ["x", "y"]
    listed = [benchmark("x", published="humaneval"), benchmark("y")]
    shown = {
        "tables": {"table1": ["y"], "table2": ["x"], "table4": ["y"]},
        "figures": {"figure3": [], "figure4": [], "figure6": []},
    }
    experiment = experiment_of(
        benchmarks=listed, leakage=guarded(names), students=[student("s", published="RefineCoder-QW-7B")],
        baselines=[baseline("k", published="DSCoder-6.7B-Base"), baseline("l")], **shown,
    )  # fmt: skip
    results = named(experiment)
    assert results["table2"].inputs["reference"] == ["reference/acr.yaml"]
    assert results["table1"].inputs["reference"] == [] == results["table4"].inputs["reference"]
    mine, published, other = entries(results["table2"])
    assert (mine["row"], mine["column"]) == ("RefineCoder-QW-7B", "humaneval") and "baseline" not in mine
    assert published["row"] == "DSCoder-6.7B-Base" and published["baseline"] and "row" not in other
    (selected,) = entries(results["table4"])
    assert selected["row"] == "RefineCoder-QW-7B Iter3" and "column" not in selected


def test_figure_6_shows_further_iterations_where_there_are_any():
    goes, ends = experiment_of(), experiment_of(final_iteration=5)
    for experiment, works in ((goes, {"benchmarks", "further"}), (ends, {"benchmarks"})):
        figure = named(experiment)["figure6"]
        assert {path.split("/")[4] for path in figure.inputs["files"]} == works
        assert figure.options["final"] == experiment.final


def test_figure_5_shows_every_refined_data_set_up_to_the_final_iteration():
    files = named(experiment_of())["figure5"].inputs["files"]
    assert files == [f"results/{{run}}/tiny/acr/iter_{number}/dataset.counts.json" for number in (1, 2, 3)]


@some_examples
@given(experiments())
def test_the_page_has_a_part_for_each_result_that_has_a_section_and_waits_for_its_files(experiment):
    parts, files = page.parts(experiment), page.files(experiment)
    assert [part["name"] for part in parts] == [result.name for result in experiment.declared_results if result.section]
    assert len(files) == len(set(files))
    for part in parts:
        read = [part[key] for key in ("data", "note", "figure", "manifest", "speeds", "caption") if key in part]
        assert set(read) <= set(files)
        assert bool(read) == named(experiment)[part["name"]].wanted
        assert not any("{run}" in path for path in read)
    assert json.loads(as_json(parts)) == parts


@some_examples
@given(experiments())
def test_the_page_says_what_was_run(experiment):
    settings = json.loads(as_json(page.settings(experiment)))
    ids = [name for name, _ in settings["sections"]]
    assert len(ids) == len(set(ids)) and {part["section"] for part in page.parts(experiment)} <= set(ids)
    assert settings["seeds"] == list(experiment.runs.values())
    assert len(settings["described"]["Students"]) == 1 + len(experiment.students) + len(experiment.baselines)
    for head, *rows in settings["described"].values():
        assert all(len(row) == len(head) for row in rows)
    assert settings["feedback"] == experiment.config["feedback"], "a caption names it"


def test_the_time_of_a_stage_is_that_of_all_models_baselines_included(tmp_path):
    experiment = experiment_of(baselines=[baseline("k")])
    places = [
        times_of(BENCHMARK).format(run="r", student=owner, variant=name, work="benchmarks", benchmark="hard")
        for owner, name in (("tiny", "acr"), (BASELINES, "k"))
    ]
    for place in places:
        folder = tmp_path / place.removeprefix("results/r/times/")
        folder.mkdir(parents=True)
        (folder / "score_benchmark.tsv").write_text("s\tcpu_time\tmax_rss\n1\t1\t1\n")
    (found,) = stages(tmp_path, page.settings(experiment)["owners"])
    assert (found.name, found.jobs) == ("score_benchmark", 2)


@pytest.mark.parametrize("name", ["table2", "figure5"])
def test_a_demo_shows_the_method_itself(name):
    assert {result.name for result in experiment_of().results if result.demo} >= {name}
