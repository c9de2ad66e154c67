"""The config is closed: what is wrong with it is said in one line."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from refinement.experiment.configuration import check_config
from refinement.experiment.schema import load_schema
from refinement.records.errors import BadInput

DEFAULT = yaml.safe_load(Path("config.yaml").read_text())
OVERLAYS = sorted(Path("config").glob("*/*.yaml"))


def overlaid(overlay):
    config = copy.deepcopy(DEFAULT)
    update_config(config, copy.deepcopy(overlay))
    return config


def test_the_default_and_every_overlay_are_valid():
    check_config(copy.deepcopy(DEFAULT))
    check_config(overlaid(yaml.safe_load(Path("tests/reduced.yaml").read_text())))
    assert OVERLAYS
    for path in OVERLAYS:
        check_config(overlaid(yaml.safe_load(path.read_text())))


def marked(schema, place=()):
    for name, entry in schema.get("properties", {}).items():
        if entry.get("x-overlay"):
            yield (*place, name)
        yield from marked(entry, (*place, name))


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_every_overlay_sets_the_keys_that_it_must(path):
    overlay = yaml.safe_load(path.read_text())
    places = list(marked(load_schema("acr")))
    assert len(places) > 10
    for place in places:
        found = overlay
        for name in place:
            assert name in found, f"{path} must set {'.'.join(place)}"
            found = found[name]


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        ({"sed": 1}, "unknown key 'sed'; did you mean 'seed'?"),
        ({"scoring": {"sample": 3}}, "scoring: unknown key 'sample'; did you mean 'samples'?"),
        ({"baselines": [{"name": "acr", "title": "t", "model": "m"}]}, "baselines[0].name: a variant is named 'acr'"),
        ({"baselines": [{"name": "b", "title": "t"}]}, "baselines[0]: the key 'model' is missing"),
        ({"plan": {"prices": {"big": {"input": 1}}}}, "plan.prices.big: the key 'output' is missing"),
        ({"training": {"nodes": 2}}, "resources.training.nodes: 1, but training.nodes is 2; make them equal"),
        (
            {"resources": {"training": {"gpu": 8}}},
            "resources.training.gpu: 8, but training.nodes x training.devices is 1; make them equal, or 0",
        ),
        ({"scoring": {"samples": 0}}, "scoring.samples: 0 is less than the minimum of 1"),
        ({"scoring": {"samples": "7"}}, "scoring.samples: '7' is not of type 'integer'"),
        ({"scoring": {"samples": 7.0}}, "scoring.samples: 7.0 is not of type 'integer'"),
        ({"roles": {"judge": {"backend": "vllm"}}}, "roles.judge.backend: 'vllm' is not available; choose one of"),
        ({"roles": {"judge": {"backend": "endpoint"}}}, "roles.judge.options: the key 'base_url' is missing"),
        ({"roles": {"judge": {"backend": "server"}}}, "roles.judge.options: the key 'command' is missing"),
        ({"roles": {"judge": {"backend": "replay"}}}, "roles.judge.options: the key 'run' is missing"),
        (
            {"roles": {"critic": {"backend": "endpoint", "options": {"base_url": "localhost"}}}},
            "roles.critic.options.base_url: 'localhost' does not match",
        ),
        (
            {"roles": {"critic": {"backend": "server", "options": {"command": "vllm serve {model}"}}}},
            "roles.critic.options.command: without {port}",
        ),
        (
            {"roles": {"student": {"backend": "endpoint", "options": {"base_url": "http://x"}}}},
            "roles.student.backend: the student is trained here; choose one of transformers, server, replay",
        ),
        ({"method": "codelutra"}, "method: 'codelutra' is not available; choose one of acr"),
        ({"execution": {"timeout": 0}}, "execution.timeout"),
        (
            {"benchmarks": [{**DEFAULT["benchmarks"][0], "size": 0}]},
            "benchmarks[0].size: 0 is less than the minimum of 1",
        ),
        ({"benchmarks": [{**DEFAULT["benchmarks"][0], "kind": "file"}]}, "benchmarks[0]: the key 'path' is missing"),
        (
            {"benchmarks": [{**DEFAULT["benchmarks"][0], "kind": "multipl_e", "source": "a", "template": "b"}]},
            "benchmarks[0]: the key 'language' is missing",
        ),
        ({"benchmarks": [{**DEFAULT["benchmarks"][0], "kind": "mbpp"}]}, "benchmarks[0]: the key 'source' is missing"),
        (
            {"benchmarks": [{**DEFAULT["benchmarks"][0], "answers_of": "other"}, *DEFAULT["benchmarks"][1:]]},
            "benchmarks[0].answers_of: models do not answer a benchmark 'other'; known here: hard, validation",
        ),
        (
            {
                "benchmarks": [
                    {**DEFAULT["benchmarks"][0], "answers_of": "hard", "limit": 3},
                    *DEFAULT["benchmarks"][1:],
                ]
            },
            "benchmarks[0].answers_of: set template, decoding and limit to those of 'hard'",
        ),
        ({"benchmarks": [{**b, "part": "3/3"} for b in DEFAULT["benchmarks"]]}, "benchmarks[0].part: 3/3 must be I/N"),
        ({"tables": {"table2": ["humaneval"]}}, "tables.table2: no benchmark 'humaneval' is listed"),
        ({"students": DEFAULT["students"] * 2}, "students: the name 'tiny' appears twice; rename one"),
        (
            {"students": [{**DEFAULT["students"][0], "model": "x"}]},
            "students[0]: exactly one of 'model' and 'pretraining'",
        ),
        ({"variants": [{**DEFAULT["variants"][0], "name": "b"}]}, "variants[0].name: the first variant"),
        (
            {"scoring": {"weights": dict.fromkeys(DEFAULT["scoring"]["weights"], 0)}},
            "scoring.weights: all weights are 0",
        ),
        (
            {"roles": {"student": {"options": {"max_row": 9}}}},
            "roles.student.options: unknown key 'max_row'; did you mean 'max_rows'?",
        ),
        (
            {"roles": {"judge": {"model": "critic"}}},
            "roles.judge.model: 'critic' cannot play this role; set it to 'judge'",
        ),
        ({"roles": {"student": {"backend": "scripted"}}}, "roles.student.backend: the student is trained here"),
        (
            {"roles": {"critic": {"backend": "transformers", "model": 3}}},
            "roles.critic.model: 3 is not of type 'string'",
        ),
        (
            {"students": [{**DEFAULT["students"][0], "training": {"epochs": 1}}]},
            "students[0].training: the key 'batch_size' is missing",
        ),
        ({"training": {"micro_batch": 3}}, "students[0].training: micro_batch 3 x 1 processes does not divide"),
        ({"training": {"devices": 3}}, "students[0].training: batch_size 16 cannot be shared equally by 3 processes"),
        ({"training": {"devices": 2, "nodes": 2, "micro_batch": 8}}, "micro_batch 8 x 4 processes does not divide"),
        ({"training": {"packing": "wrapped"}}, "training.packing: 'wrapped' is not available"),
        ({"training": {"over_long": "split"}}, "over_long split needs packing bfd_split"),
        ({"training": {"deepspeed": "zero9.json"}}, "deepspeed zero9.json is not a file"),
        (
            {"training": {"devices": 2}, "variants": [{**DEFAULT["variants"][0], "training": {"batch_size": 7}}]},
            "variants[0].training: batch_size 7 cannot be shared equally by 2 processes",
        ),
        (
            {"variants": [{**DEFAULT["variants"][0], "training": {"max_length": 4096}}]},
            "variants[0].training: max_length 4096 exceeds the base's 512 positions",
        ),
        ({"training": {"max_length": 4096}}, "max_length 4096 exceeds the base's 512 positions"),
        (
            {"variants": [{**DEFAULT["variants"][0], "on_self_win": "keep"}]},
            "variants[0]: the method itself needs on_self_win: replace",
        ),
        (
            {"variants": [DEFAULT["variants"][0], {**DEFAULT["variants"][1], "iterations": 0}]},
            "variants[1]: 0 iterations and no 'teacher' or 'training': it has no model of its own",
        ),
        (
            {"variants": [DEFAULT["variants"][0], {**DEFAULT["variants"][1], "name": "base"}]},
            "variants[1].name: 'base' is the folder of a student's base; choose another",
        ),
        (
            {
                "benchmarks": [*DEFAULT["benchmarks"], {**DEFAULT["benchmarks"][0], "name": "in-distribution"}],
                "leakage": {
                    "benchmarks": [
                        *DEFAULT["leakage"]["benchmarks"],
                        {**DEFAULT["leakage"]["benchmarks"][0], "name": "in-distribution"},
                    ]
                },
            },
            "benchmarks: 'in_distribution' and 'in-distribution' differ in punctuation alone",
        ),
        ({"tables": {"table1": ["hard", "hard"]}}, "tables.table1: ['hard', 'hard'] has non-unique elements"),
        ({"feedback": {"iterations": [0, 0]}}, "feedback.iterations: [0, 0] has non-unique elements"),
        ({"final_iteration": 6}, "final_iteration: 6 exceeds the 5 iterations of variants[0]"),
        ({"feedback": {"iterations": [0, 4]}}, "feedback.iterations: 4 exceeds final_iteration 3"),
        ({"feedback": {"format": "both"}}, "feedback.format: 'both' is not available; choose one of two_turn, single"),
        ({"feedback": {"cases": "all"}}, "feedback.cases: 'all' is not available; choose one of hidden, examples"),
        (
            {"benchmarks": [{**DEFAULT["benchmarks"][0], "published": "bcb"}, *DEFAULT["benchmarks"][1:]]},
            "benchmarks[0].published: the paper has no 'bcb'; choose one of",
        ),
        (
            {"students": [{**DEFAULT["students"][0], "published": "RefineCoder-QW-7B Iter3"}]},
            "students[0].published: the paper has no 'RefineCoder-QW-7B Iter3'; choose one of RefineCoder-DS-6.7B, RefineCoder-QW-7B",
        ),
        (
            {"baselines": [{"name": "b", "title": "t", "model": "m", "published": "GPT"}]},
            "baselines[0].published: the paper has no 'GPT'; choose one of DSCoder-6.7B-Base,",
        ),
        (
            {"baselines": [{"name": "b", "title": "t", "model": "m", "backend": "endpoint", "options": {}}]},
            "baselines[0].options: the key 'base_url' is missing; add it",
        ),
        (
            {"baselines": [{"name": "b", "title": "t", "model": "m", "backend": "endpoint"}]},
            "baselines[0]: 'backend' needs 'options' beside it; add it",
        ),
        ({"figures": {"figure3": ["hart"]}}, "figures.figure3: no benchmark 'hart' is listed"),
        ({"scoring_study": {"samples": 1}}, "scoring_study.samples: 1 is less than the minimum of 2"),
        ({"seeds": 0}, "seeds: 0 is less than the minimum of 1"),
        (
            {"variants": [DEFAULT["variants"][0], {**DEFAULT["variants"][1], "teacher": {"error": "none"}}]},
            "variants[1].teacher: unknown key 'error'; did you mean 'errors'?",
        ),
        ({"leakage": {"threshold": 0}}, "leakage.threshold: 0 is less than or equal to the minimum of 0"),
        ({"leakage": {"action": "warn"}}, "leakage.action: 'warn' is not available; choose one of stop, drop"),
        ({"leakage": {"benchmarks": []}}, "leakage.benchmarks: the benchmark 'in_distribution' is missing; add it"),
        (
            {"leakage": {"benchmarks": [*DEFAULT["leakage"]["benchmarks"], {"name": "x", "title": "X", "field": "y"}]}},
            "leakage.benchmarks: no benchmark 'x' is listed; add a source, or choose a name (known: ",
        ),
        ({"leakage": {"datasets": [{"name": "x", "title": "X", "kind": "source"}]}}, "the key 'source' is missing"),
        (
            {"leakage": {"datasets": DEFAULT["leakage"]["datasets"] * 2}},
            "leakage.datasets: the name 'd0' appears twice",
        ),
        ({"snippets": None}, "snippets: None is not of type 'object'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(overlay, says):
    with pytest.raises(BadInput) as error:
        check_config(overlaid(overlay))
    assert says in str(error.value) and "\n" not in str(error.value)


WINDOW = """
name: lcb
title: LiveCodeBench
kind: livecodebench
from: 2024-07-01
until: {until}
source: [a.jsonl]
template: prompts/benchmarks/livecodebench.txt
decoding: {{samples: 1, temperature: 0, max_tokens: 9}}
decontaminate: false
"""


def with_window(until):
    listed = {**DEFAULT["leakage"], "benchmarks": [*DEFAULT["leakage"]["benchmarks"], {"name": "lcb", "title": "L", "field": "x"}]}  # fmt: skip
    benchmarks = [*DEFAULT["benchmarks"], yaml.safe_load(WINDOW.format(until=until))]
    return overlaid({"benchmarks": benchmarks, "leakage": listed})


@pytest.mark.parametrize("until", ["2024-09-01", '"2024-09-01"', "2024-09"])
def test_a_date_that_yaml_reads_as_one_is_a_text_as_if_it_stood_in_quotes(until):
    config = with_window(until)
    check_config(config)
    assert (config["benchmarks"][-1]["from"], config["benchmarks"][-1]["until"]) == ("2024-07-01", until.strip('"'))
    json.dumps(config)


@pytest.mark.parametrize("until", ["2024", "2024-09-01 12:00:00", "2024-9-1", "[2024-09-01]"])
def test_what_is_no_day_of_a_window_is_said_in_one_line(until):
    with pytest.raises(BadInput, match=r"benchmarks\[\d\]\.until: ") as raised:
        check_config(with_window(until))
    assert "\n" not in str(raised.value) and "datetime" not in str(raised.value)


def described(schema, place=""):
    for name, entry in schema.get("properties", {}).items():
        yield f"{place}{name}", entry
        yield from described(entry, f"{place}{name}.")
        yield from described(entry.get("items", {}), f"{place}{name}[].")


def test_every_key_has_a_description_and_every_object_is_closed():
    entries = dict(described(load_schema("acr")))
    assert len(entries) > 100
    for place, entry in entries.items():
        assert entry.get("description"), place
        if "properties" in entry:
            assert entry["additionalProperties"] is False, place


def test_every_rule_that_runs_something_says_what_it_asks_for():
    kinds = set(DEFAULT["resources"]) - {"largest"}
    asked = set()
    for path in Path("rules").rglob("*.smk"):
        for name, own in re.findall(
            r"^ *(?:use )?rule\b(.*?):\n(.*?)(?=^ *(?:use )?rule\b|\Z)", path.read_text(), re.M | re.S
        ):
            found = re.findall(r'\*\*asks_for\("(\w+)"', own)
            assert len(found) == 1 or "shell:" not in own, f"{path}: rule {name}"
            asked |= set(found)
    assert asked == kinds


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        ({"resources": {"lite": {}}}, "resources: unknown key 'lite'; did you mean 'light'?"),
        ({"resources": {"light": {"mem_mb": 99000}}}, "resources.light.mem_mb: 99000 exceeds resources.largest.mem_mb"),
        (
            {"roles": {"judge": {"backend": "server", "model": "m", "options": {"command": "s {port}", "gpus": 2}}}},
            "resources.judge.gpu: 0, but roles.judge.options.gpus is 2; make them equal",
        ),
    ],
)
def test_resources_that_cannot_be_had_are_refused(overlay, says):
    with pytest.raises(BadInput) as error:
        check_config(overlaid(overlay))
    assert says in str(error.value)
