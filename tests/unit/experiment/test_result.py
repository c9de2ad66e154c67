"""Tables and figures: their files, and the command line that makes them."""

import argparse
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.experiment import result_rules
from refinement.experiment.result import Result
from support.experiments import Wildcards, experiment_of
from support.workflow import environment

WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=20)
NAMES = WORDS.filter(lambda word: not word.startswith("-"))  # argparse takes such words of a list for options
VALUES = st.one_of(WORDS, st.integers(), st.lists(NAMES, max_size=4))


def result(form="table", **more):
    return Result("thing", "Thing", form, "area/do_it", "", "thing", inputs={}, **more)


def test_a_table_and_a_figure_have_their_formats_below_the_run():
    assert result().outputs == {
        name: f"results/{{run}}/tables/thing.{ending}"
        for name, ending in (("csv", "csv"), ("markdown", "md"), ("latex", "tex"))
    }
    assert set(result("figure").outputs) == {"svg", "pdf", "png", "csv"}
    assert result().file("mine/seed_1") == "results/mine/seed_1/tables/thing.md"
    assert result("figure").file("mine", "csv") == "results/mine/figures/thing.csv"


def test_further_outputs_and_another_folder():
    found = result(folder="results/{run}", beside={"cells": "tables/cells.csv"})
    assert found.file("mine") == "results/mine/thing.md"
    assert found.file("mine", "cells") == "results/mine/tables/cells.csv"


def test_a_result_of_the_whole_experiment_lies_in_its_own_run():
    assert result().files("mine")["csv"] == "results/{run}/tables/thing.csv"
    assert result(once=True).files("mine")["csv"] == "results/mine/tables/thing.csv"


@given(st.dictionaries(st.sampled_from(["label", "entries", "seeds"]), VALUES))
def test_options_reach_the_step_as_they_are(options):
    parser = argparse.ArgumentParser()
    for name in options:
        parser.add_argument(f"--{name}", nargs="*")
    told = vars(parser.parse_args(result(options=options).arguments()))
    assert told == {
        name: [str(part) for part in (value if isinstance(value, list) else [value])] for name, value in options.items()
    }


TITLES = ["two words", "{braces}", "'single' and \"double\"", "$HOME `date` \\ ;", "a\nb", "", "-n", "*"]


class Input(list):
    """A rule's inputs: all of them, and those with names."""

    def __init__(self, **named):
        super().__init__(path for paths in named.values() for path in paths)
        self.__dict__.update(named)
        self._named = named

    def get(self, name, default):
        return self._named.get(name, default)

    def __getitem__(self, key):
        return self._named[key]


@pytest.mark.parametrize("title", TITLES)
def test_a_shell_hands_on_every_word_of_the_command_line(tmp_path, title):
    step = tmp_path / "area" / "do_it.py"
    step.parent.mkdir()
    step.write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    experiment = experiment_of(experiment="mine")
    options = {"label": title, "entries": json.dumps([{"title": title}]), "below": "results/{run}", "seeds": [0, 1]}
    found = Result("thing", "Thing", "table", "area/do_it", "", "thing", options=options,
                   inputs={"files": ["results/{run}/a b.json"], "reference": ["it's.yaml"], "none": []})  # fmt: skip
    run = "mine/seed_1"
    inputs = Input(files=[f"results/{run}/a b.json"], reference=["it's.yaml"])
    outputs = {name: path.replace("{run}", run) for name, path in found.outputs.items()}
    line = result_rules.command(experiment, found)(Wildcards(run=run), inputs, outputs)
    told = subprocess.run(["bash", "-c", line], env={**environment(), "STEPS": str(tmp_path)},
                          capture_output=True, text=True)  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [
        "results/mine/seed_1/a b.json", "--reference", "it's.yaml", f"--label={title}",
        f"--entries={json.dumps([{'title': title}])}", "--below=results/mine/seed_1", "--seeds", "0", "1",
        *(f"--{name}={path}" for name, path in outputs.items()),
    ]  # fmt: skip


def test_a_result_of_the_whole_experiment_is_told_of_its_own_run():
    experiment = experiment_of(experiment="mine", seeds=2)
    found = result(options={"below": "results/{run}"}, once=True)
    assert result_rules.options(experiment, found)(Wildcards()) == ["--below=results/mine"]
    assert result_rules.options(experiment, result(options={"below": "{run}"}))(Wildcards(run="mine/seed_1")) == [
        "--below=mine/seed_1"
    ]


def test_every_declared_result_names_a_step_a_section_and_a_caption_that_are_there():
    experiment = experiment_of()
    sections = {section.id for section in experiment.method.sections}
    names = [found.name for found in experiment.declared_results]
    assert len(names) == len(set(names))
    for found in experiment.declared_results:
        assert (experiment.project / "scripts" / f"{found.step}.py").is_file(), found.name
        assert (experiment.project / "report" / f"{found.caption}.rst").is_file() or not found.section, found.name
        assert found.section in sections or not found.section, found.name
    assert sections == {found.section for found in experiment.declared_results if found.section}
