"""Whatever a config asks for, some rule can make: every target, from nothing; nothing is run."""

import copy
import re

import pytest
import yaml

from support.workflow import REDUCED, ROOT, copy_workflow, snakemake

DEFAULT = yaml.safe_load((ROOT / REDUCED).read_text())
ONE, METHOD, BENCHMARK = DEFAULT["students"][0], DEFAULT["variants"][0], DEFAULT["benchmarks"][0]
SERVED = {"backend": "server", "options": {"command": "serve {model} --port {port}", "gpus": 1}}


def without(kind, name):
    return {kind: {name: []}}


def hub(name):
    return {"name": name, "title": name.title(), "model": f"owner/{name}"}


NOTHING = {"tables": {"table2": [], "table4": []}, "figures": {"figure3": [], "figure4": [], "figure6": []}}
SHARED = [
    BENCHMARK,
    {**BENCHMARK, "name": "more-1.5", "title": "More", "part": "2/3"},
    {**BENCHMARK, "name": "same", "title": "Same", "answers_of": "more-1.5", "part": "2/3"},
]
GUARDED = [{"name": entry["name"], "title": entry["title"], "field": "prompt"} for entry in SHARED]
NAMES = [entry["name"] for entry in SHARED]
CASES = {
    "no_table2": without("tables", "table2"),
    "no_table4": without("tables", "table4"),
    "no_figure3": without("figures", "figure3"),
    "no_figure4": without("figures", "figure4"),
    "no_figure6": without("figures", "figure6"),
    "nothing_measured": NOTHING,
    "no_data_sets": {"leakage": {"datasets": []}},
    "no_solutions": {"leakage": {"benchmarks": [{"name": "in_distribution", "title": "I", "field": "prompt"}]}},
    "nothing_further": {"variants": [{**METHOD, "iterations": 1}]},
    "students_seeds_and_shards": {
        "students": [ONE, {**hub("two"), "training": ONE["training"]}], "seeds": 2,
        "shards": dict.fromkeys(("teacher", "judge", "critic", "student", "benchmark", "programs", "solutions"), 2),
    },
    "shared_answers": {
        "benchmarks": SHARED, "leakage": {"benchmarks": GUARDED}, "baselines": [hub("one"), {**hub("other"), **SERVED}],
        "tables": {"table1": NAMES[2:], "table2": NAMES[:1], "table4": NAMES[1:], "table5": NAMES[1:2]},
        "figures": {"figure3": NAMES[2:], "figure4": NAMES[1:], "figure6": NAMES[2:]},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_workflow(tmp_path_factory.mktemp("configs"))


def dry_run(clone, changes, *targets):
    """The rules of a dry run of the reduced miniature with changes, with the number of their jobs."""
    (clone / "changes.yaml").write_text(yaml.safe_dump(copy.deepcopy(changes)))
    run = snakemake(clone, "-n", *targets, "--configfile", REDUCED, "changes.yaml", reduced=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    listed = run.stdout.partition("\ntotal ")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", listed, re.MULTILINE)}


@pytest.mark.parametrize("name", CASES)
def test_every_target_can_be_made(clone, name):
    rules = dry_run(clone, CASES[name])
    gone = name.removeprefix("no_")
    assert f"make_{gone}" not in rules and rules["write_report"] == 1 and "make_plan" not in rules
    assert rules["make_records"] == CASES[name].get("seeds", 1)


def test_a_baseline_alone_needs_no_student(clone):
    changes = {**NOTHING, "baselines": [hub("one")]}
    rules = dry_run(clone, changes, "baselines")
    assert set(rules) == {
        "ask_baselines_benchmarks_in_distribution", "baselines", "collect_solutions", "compose_benchmark",
        "execute_solutions", "make_baselines", "request_solutions", "score_benchmark",
    }  # fmt: skip


def test_every_result_is_a_target_by_its_name_even_what_the_page_leaves_out(clone):
    rules = dry_run(clone, {}, "plan", "figure3", "table4", "claims", "page", "demo")
    assert {"make_plan", "make_figure3", "make_table4", "make_claims", "write_report", "demo"} <= set(rules)
