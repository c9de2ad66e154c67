"""`snakemake baselines`: any models on any benchmarks by one small config, without a model that is trained."""

import json
from datetime import date

import pandas as pd
import pytest
import yaml

from support.bad_server import BadServer
from support.livecodebench_parts import both_kinds
from support.workflow import copy_workflow, snakemake

# What asks, runs and scores; nothing of snippets, instructions, data sets or training.
NEEDED = {"request_solutions", "collect_solutions", "execute_solutions", "score_benchmark", "make_baselines",
          "baselines"}  # fmt: skip


def problem(name, right):
    """The server answers with the question, so the question holds the answer."""
    body = "x + 1" if right else "x"
    return {"id": name, "prompt": f"Add 1:\n```python\ndef f(x):\n    return {body}\n```", "canonical_solution": None,
            "mode": "call", "entry_point": "f", "tests": "assert f(1) == 2"}  # fmt: skip


def mine(folder, base_url):
    """A clone with a config for two models on two benchmarks."""
    for name, rights in (("easy", [1, 1, 1, 0]), ("hard", [1, 0, 0, 0])):
        records = [problem(f"{name}/{place}", right) for place, right in enumerate(rights)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    benchmark = {
        "kind": "file",
        "decoding": {"samples": 2, "temperature": 0.0, "max_tokens": 64},
        "decontaminate": False,
    }
    served = {"backend": "endpoint", "options": {"base_url": base_url, "key_variable": None}}
    config = {
        "experiment": "mine",
        "label": "mine",
        "baselines": [
            {"name": "one", "title": "One", "model": "model-1", "published": "DSCoder-6.7B-Instruct", **served},
            {"name": "two", "title": "Two", "model": "model-2", **served},
        ],
        "benchmarks": [
            {"name": "easy", "title": "Easy", "path": "easy.jsonl", "published": "humaneval", **benchmark},
            {"name": "hard", "title": "Hard", "path": "hard.jsonl", **benchmark},
        ],
        "tables": {"table1": [], "table2": [], "table4": []},
        "figures": {"figure3": [], "figure4": [], "figure6": []},
        "leakage": {
            "datasets": [],
            "benchmarks": [{"name": name, "title": name, "field": "prompt"} for name in ("easy", "hard")],
        },
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture
def clone(tmp_path):
    return copy_workflow(tmp_path)


def asked_of(run):
    """Rules of a dry run, from its table of jobs."""
    lines = run.stdout.partition("job ")[2].partition("total")[0].splitlines()[2:]
    return {line.split()[0] for line in lines if line.split()}


def test_nothing_is_trained_for_baselines(clone):
    run = snakemake(mine(clone, "http://127.0.0.1:9"), "baselines", "-n", "--configfile", "mine.yaml", reduced=False)
    assert run.returncode == 0, run.stderr[-2000:]
    rules = asked_of(run)
    assert {name for name in rules if name not in NEEDED} == {"ask_baselines_benchmarks_easy"}
    assert rules >= NEEDED, "and one job asks a model about all benchmarks"


def test_a_window_may_be_dates_without_quotes(clone):
    config = yaml.safe_load((mine(clone, "http://127.0.0.1:9") / "mine.yaml").read_text())
    config["benchmarks"].append({
        "name": "lcb", "title": "LCB", "kind": "livecodebench", "from": date(2024, 7, 1), "until": date(2024, 9, 1),
        "source": "lcb.jsonl", "template": "prompts/benchmarks/livecodebench.txt", "decontaminate": False,
        "decoding": {"samples": 1, "temperature": 0.0, "max_tokens": 64},
    })  # fmt: skip
    config["leakage"]["benchmarks"].append({"name": "lcb", "title": "LCB", "field": "prompt"})
    (clone / "mine.yaml").write_text(yaml.safe_dump(config))
    assert "until: 2024-09-01\n" in (clone / "mine.yaml").read_text()
    (clone / "lcb.jsonl").write_text("".join(json.dumps(record) + "\n" for record in both_kinds()))
    run = snakemake(clone, "baselines", "-n", "--configfile", "mine.yaml", reduced=False)
    assert run.returncode == 0 and "prepare_benchmark" in asked_of(run), run.stderr[-2000:]
    run = snakemake(clone, "results/mine/benchmarks/lcb.jsonl", "--configfile", "mine.yaml", reduced=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    about = json.loads((clone / "results/mine/benchmarks/lcb.about.json").read_text())
    assert about["settings"] == {"from": "2024-07-01", "until": "2024-09-01"} and about["problems"] == 4


def test_models_behind_an_endpoint_are_measured_on_all_benchmarks(clone):
    with BadServer() as server:
        run = snakemake(mine(clone, server.url), "baselines", "--configfile", "mine.yaml", reduced=False)
        assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
        assert {body["model"] for body in server.bodies} == {"model-1", "model-2"} and len(server.bodies) == 2 * 8 * 2
    tables = clone / "results/mine/tables"
    frame = pd.read_csv(tables / "baselines.csv", keep_default_na=False)
    assert list(frame["Model"]) == ["One"] * 3 + ["Two"] * 3
    assert list(frame["Benchmark"]) == ["Easy", "Hard", "Average"] * 2
    assert list(frame["pass@1"]) == [75.0, 25.0, 50.0] * 2 and list(frame["Published"]) == ["74.4", *[""] * 5]
    assert set(frame["Gain"]) == {""} and (tables / "baselines.tex").exists()
    assert (tables / "baselines.md").read_text().startswith("# Baselines: pass@1 (%) (mine)\n")
    summary = json.loads((clone / "results/mine/baselines/one/benchmarks/easy/summary.json").read_text())
    assert summary["iterations"][0]["samples"] == 2 and summary["manifest"]["models"] == {"model-1": "model-1"}
    again = snakemake(clone, "baselines", "--configfile", "mine.yaml", reduced=False)
    assert "Nothing to be done" in again.stdout + again.stderr
