"""The reduced miniature, run for real: repeatable, recomputable, honest about what it is."""

import json
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml

from refinement.answers.code import extract_code
from refinement.benchmarks.programs import program_id
from refinement.completion.backends.server.backend import ModelServer
from refinement.experiment.configuration import complete_config
from refinement.experiment.experiment import Experiment
from refinement.miniature.lists.grammar import read_body, read_instruction
from refinement.miniature.lists.reading import read_response
from refinement.sandbox.jail import STRONG
from support.workflow import (
    REDUCED,
    command,
    compared,
    copy_workflow,
    elsewhere,
    environment,
    snakemake,
    snakemake_elsewhere,
)

SAMPLES = 3


def load(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def results(reduced):
    return reduced / "results" / "reduced"


def test_the_same_command_again_finds_nothing_to_do(reduced):
    run = snakemake(reduced)
    assert run.returncode == 0 and "Nothing to be done" in run.stdout + run.stderr


def namespace():
    """A prefix that runs a command without any network, where this machine allows it."""
    prefix = ["unshare", "--net", "--map-root-user"]
    allowed = shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if allowed else None


def test_other_shards_and_cores_and_no_network_and_other_folders_give_the_same_bytes(reduced, tmp_path):
    prefix = namespace()
    if prefix is None:
        warnings.warn("unshare --net is not allowed here: run with a network", stacklevel=1)
        prefix = []
    clone, work, here = elsewhere(tmp_path)
    path = clone / REDUCED
    path.write_text(
        path.read_text()
        + "shards: {teacher: 2, judge: 3, critic: 1, student: 2, benchmark: 2, programs: 1, solutions: 2}\n"
    )
    before = sorted(clone.rglob("*"))
    run = snakemake_elsewhere(clone, work, here, cores=3, prefix=prefix)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    one, other = compared(reduced), compared(work)
    assert len(one) > 30 and one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert [path for path in clone.rglob("*") if path not in before and "__pycache__" not in path.parts] == []
    assert list(here.iterdir()) == [] and sorted(path.name for path in work.iterdir()) == [".snakemake", "results"]
    again = snakemake_elsewhere(clone, work, here)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr


def refined(record, ranking, samples, critiques, iteration):
    """Equation 10, written down a second time."""
    x, y0 = record["instruction"], record["messages"][-1]["content"]
    user, assistant = (
        lambda text: {"role": "user", "content": text},
        lambda text: {"role": "assistant", "content": text},
    )
    best = samples.get((record["id"], ranking["best_self"]))
    made = {"id": record["id"], "instruction": x, "messages": [user(x), assistant(y0)], "kind": "single"}
    if ranking["winner"] == "self":
        return {**made, "messages": [user(x), assistant(best)], "reason": "self", "origin": iteration}
    if ranking["winner"] == "original" and critiques[record["id"]]:
        turns = [user(x), assistant(best), user(critiques[record["id"]]), assistant(y0)]
        return {**made, "messages": turns, "kind": "critique", "reason": "original", "origin": record["origin"]}
    reason = "critique_missing" if ranking["winner"] == "original" else ranking["winner"]
    return {**made, "reason": reason, "origin": record["origin"]}


@pytest.mark.parametrize("iteration", [0, 1])
def test_the_next_data_set_follows_from_the_records(results, iteration):
    here = results / "tiny" / "acr" / f"iter_{iteration}"
    dataset = load(results / "d0.jsonl" if iteration == 0 else here / "dataset.jsonl")
    samples = {(s["id"], s["sample"]): s["response"] for s in load(here / "samples.jsonl")}
    ranking = {r["id"]: r for r in load(here / "ranking.jsonl")}
    critiques = {c["id"]: c["critique"] for c in load(here / "critiques.jsonl")}
    expected = [refined(record, ranking[record["id"]], samples, critiques, iteration) for record in dataset]
    assert load(results / "tiny" / "acr" / f"iter_{iteration + 1}" / "dataset.jsonl") == expected
    assert {r["winner"] for r in ranking.values()} >= {"self", "original"}


@pytest.mark.parametrize("iteration", [0, 1])
def test_the_ranking_follows_from_judgements_executions_and_comparisons(results, iteration):
    here = results / "tiny" / "acr" / f"iter_{iteration}"
    weights = {"consistency": 0.2, "code_exist": 0.15, "correctness": 0.4, "clarity": 0.15, "comments": 0.1}
    judged = {(j["id"], j["sample"]): j["scores"] for j in load(here / "judgements.jsonl")}
    ran = {(e["id"], e["sample"]): e["executed"] for e in load(here / "executions.jsonl")}
    compared_ = {c["id"]: c for c in load(here / "comparisons.jsonl")}
    for row in load(here / "ranking.jsonl"):
        name = row["id"]
        sums = [sum(weights[c] * judged[name, i][c] for c in weights) for i in range(1, SAMPLES + 1)]
        low, high = min(sums), max(sums)
        points = [1.0 if high == low else (s - low) / (high - low) for s in sums]
        assert row["score_point"] == pytest.approx(points)
        assert row["score_exec"] == [ran[name, i] for i in range(SAMPLES + 1)]
        keys = [(row["score_point"][i - 1] + ran[name, i], ran[name, i], -i) for i in range(1, SAMPLES + 1)]
        assert row["best_self"] == -max(keys)[2]
        own = compared_[name]["self"] + ran[name, row["best_self"]]
        original = compared_[name]["original"] + ran[name, 0]
        assert (row["score_self"], row["score_original"]) == (own, original)
        assert row["winner"] == ("self" if own > original else "original" if original > own else "tie")


def test_every_step_accounts_for_its_records(results):
    lines = (results / "tables" / "records.csv").read_text().splitlines()
    assert len(lines) > 20
    for path in results.rglob("*.counts.json"):
        counts = json.loads(path.read_text())
        assert counts["in"] == counts["out"] + sum(counts["rejected"].values()), path
        rejected = path.with_name(path.name.replace(".counts.json", ".rejected.jsonl"))
        if rejected.exists():
            assert len(load(rejected)) == sum(counts["rejected"].values()), path


def test_every_account_of_records_is_in_the_table_of_them(reduced, results):
    overlay = yaml.safe_load((reduced / REDUCED).read_text())
    experiment = Experiment(complete_config(overlay, reduced), reduced)
    listed = [path.replace("{run}", experiment.name) for path in experiment.method.accounts(experiment)]
    assert len(listed) == len(set(listed)) > 20
    assert {str(path.relative_to(reduced)) for path in results.rglob("*.counts.json")} == set(listed)


def test_no_task_of_a_benchmark_is_in_the_training_data(results):
    def tasks(path, field):
        return {str(read_instruction(record[field]).specification) for record in load(path)}

    train = tasks(results / "d0.jsonl", "instruction")
    assert len(train) == len(load(results / "d0.jsonl"))
    tested = tasks(results / "benchmarks" / "in_distribution.jsonl", "prompt")
    assert len(tested) == 20 and not train & tested
    corpus = [
        read_body(record["text"].partition("\n")[0].removeprefix("# "))
        for record in load(results / "tiny" / "corpus.jsonl")
    ]
    learned = {str(wording.specification) for wording in corpus if wording}
    assert len(learned) > 500 and not learned & tested


def test_benchmark_answers_are_scored_as_their_tests_say(results):
    folder = results / "tiny" / "acr" / "benchmarks" / "in_distribution"
    outcomes, summary = load(folder / "outcomes.jsonl"), json.loads((folder / "summary.json").read_text())
    assert len(outcomes) == 2 * 20 * 2, "M_0 and M_1; M_2 is further"
    for row in summary["iterations"]:
        mine = [o["passed"] for o in outcomes if o["iteration"] == row["iteration"]]
        assert row["pass@1"] == pytest.approx(sum(mine) / len(mine))
        assert 0 <= row["low"] <= row["pass@1"] <= row["high"] <= 1
    assert summary["manifest"]["versions"]["torch"] and set(summary["manifest"]["isolation"]) <= set(STRONG)


def test_what_is_shown_says_that_it_is_a_miniature(results):
    tables = [path for path in (results / "tables").iterdir() if path.suffix in (".md", ".tex")]
    assert {path.stem for path in tables} == {"table2", "table3", "table4", "leakage", "records", "claims", "audit"}
    ours = [path for path in tables if path.stem != "audit"]
    assert all("(miniature, reduced)" in path.read_text() for path in ours), "the audit alone is of others' numbers"
    for name in ("figure3", "figure4", "figure5", "figure6", "figure7", "training"):
        figure = results / "figures" / name
        assert "(miniature, reduced" in figure.with_suffix(".svg").read_text()
        assert figure.with_suffix(".pdf").stat().st_size > 5000
        assert figure.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_figure_5_adds_up_to_all_the_data(results):
    head, *rows = (results / "figures" / "figure5.csv").read_text().splitlines()
    assert len(rows) == 1 and "Critique" in head
    for row in rows:
        cells = row.split(",")
        shares = [float(cell) for cell in cells[-3:]]
        assert re.fullmatch(r"\d+", cells[2]) and sum(shares) == pytest.approx(100)


def test_what_iteration_0_shares_is_made_once(results):
    assert (results / "tiny" / "critique_single" / "iter_1" / "model").is_dir()
    assert not (results / "tiny" / "critique_single" / "iter_0").exists()
    first = json.loads(
        (results / "tiny" / "critique_single" / "benchmarks" / "in_distribution" / "summary.json").read_text()
    )
    assert [row["iteration"] for row in first["iterations"]] == [1], "acr's M_0 is not measured again"
    assert (results / "tiny" / "correct" / "iter_0" / "model").is_dir()


def test_a_teacher_without_mistakes_makes_none(results):
    instructions = {record["id"]: record["instruction"] for record in load(results / "d0.jsonl")}
    correct = load(results / "d0" / "correct" / "d0.jsonl")
    assert {record["id"]: record["instruction"] for record in correct} == instructions
    assert all(read_response(r["instruction"], r["messages"][-1]["content"]).right for r in correct)
    assert not all(
        read_response(r["instruction"], r["messages"][-1]["content"]).right for r in load(results / "d0.jsonl")
    )


def test_table_4_follows_from_samples_judgements_and_runs(results):
    folder = results / "tiny" / "acr" / "scoring" / "in_distribution"
    summary, samples = json.loads((folder / "summary.json").read_text()), load(folder / "solutions.jsonl")
    runs = {r["id"]: r["verdict"] == "passed" for r in load(folder / "runs.1.jsonl")}
    ran = {r["id"]: r["verdict"] == "passed" for r in load(folder / "scored" / "runs.1.jsonl")}
    judged = {(j["id"], j["sample"]): j["scores"] for j in load(folder / "judgements.jsonl")}
    weights = {"consistency": 0.2, "code_exist": 0.15, "correctness": 0.4, "clarity": 0.15, "comments": 0.1}
    best, worst, errors, problems = 0, 0, 0, sorted({sample["id"] for sample in samples})
    for name in problems:
        mine = [s for s in samples if s["id"] == name]
        sums = [sum(weights[c] * judged[name, s["sample"]][c] for c in weights) for s in mine]
        low, high = min(sums), max(sums)
        points = [1.0 if high == low else (value - low) / (high - low) for value in sums]
        codes = [extract_code(s["response"]) for s in mine]
        executed = [code is not None and ran[program_id(code)] for code in codes]
        passed = [code is not None and runs[program_id(code, name.partition("/")[2])] for code in codes]
        order = sorted(range(len(mine)), key=lambda i: (points[i] + executed[i], executed[i], -i))
        best, worst = best + passed[order[-1]], worst + passed[order[0]]
        errors += passed[order[0]] and not passed[order[-1]]
    found = [summary[name]["value"] * len(problems) for name in ("best", "worst", "error_rate")]
    assert found == pytest.approx([best, worst, errors])
    assert len(problems) == 20 and len(samples) == 60


def test_only_failures_get_a_second_try(results):
    acr = results / "tiny" / "acr"
    outcomes = load(acr / "benchmarks" / "in_distribution" / "outcomes.jsonl")
    failed = {f"{o['iteration']}/{o['id']}" for o in outcomes if o["sample"] == 1 and not o["passed"]}
    tried = load(acr / "feedback" / "in_distribution" / "solutions.jsonl")
    by_execution = {s["id"].replace("/execution/", "/") for s in tried if "/execution/" in s["id"]}
    assert by_execution == {name for name in failed if name[0] in "01"}
    rows = json.loads((acr / "feedback" / "in_distribution" / "summary.json").read_text())["tries"]
    for row in rows:
        assert row["pass@1"] == pytest.approx((20 - row["failed_first"] + row["repaired"]) / 20)


def test_a_figure_is_made_from_records_alone(reduced, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(reduced, folder, ignore=shutil.ignore_patterns("model", "base", ".snakemake"))
    figures = folder / "results" / "reduced" / "figures"
    before = {path.name: path.read_bytes() for path in figures.glob("figure3.*")}
    for name in before:
        (figures / name).unlink()
    run = snakemake(folder, "figure3")
    assert run.returncode == 0, run.stderr[-2000:]
    assert {path.name: path.read_bytes() for path in figures.glob("figure3.*")} == before
    assert "train_model" not in run.stdout + run.stderr
    assert not list(folder.rglob("model.safetensors"))


def answers_of(path):
    return {r["custom_id"]: r["response"]["body"]["choices"][0]["message"]["content"] for r in load(path)}


@pytest.mark.parametrize("backend", ["server", "endpoint"])
def test_a_real_server_answers_as_the_process_does(results, tmp_path, backend):
    acr = results / "tiny" / "acr"
    requests = load(acr / "iter_0" / "requests" / "samples.jsonl")[::SAMPLES]
    greedy = [{**r, "body": {**r["body"], "temperature": 0.0}} for r in requests[:30]]
    (tmp_path / "requests.jsonl").write_text("".join(json.dumps(r) + "\n" for r in greedy))
    model, step = str(acr / "iter_1" / "model"), [sys.executable, "scripts/engines/complete_requests.py"]
    serve = (
        f"{Path(sys.executable).parent}/"
        + "transformers serve {model} --host 127.0.0.1 --port {port} --device cpu --dtype float32"
    )

    def complete(name, *options):
        command_ = [
            *step,
            str(tmp_path / "requests.jsonl"),
            "--output",
            str(tmp_path / name),
            "--model",
            model,
            *options,
        ]
        run = subprocess.run(command_, env=environment(), capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr
        return answers_of(tmp_path / name)

    here = complete("here.jsonl", "--backend", "transformers")
    assert len(here) == 30 and len(set(here.values())) > 5
    if backend == "server":
        assert complete("there.jsonl", "--backend", "server", "--command", serve, "--concurrency", "4") == here
        return
    server = ModelServer(model, {"command": serve, "log": str(tmp_path / "server.log"), "startup_timeout": 120})
    try:
        server.start()
        assert complete("there.jsonl", "--backend", "endpoint", "--base-url", server.base_url) == here
    finally:
        server.stop()


def test_a_run_is_replayed_from_its_responses(reduced, tmp_path):
    folder = copy_workflow(tmp_path)
    shutil.copytree(reduced / "results" / "reduced", folder / "results" / "earlier")
    role = "{backend: replay, options: {run: results/earlier}}"
    roles = f"roles: {{teacher: {role}, judge: {role}, critic: {role}, student: {role}}}\n"
    path = folder / REDUCED
    path.write_text(path.read_text() + roles)
    targets = [f"results/reduced/tiny/acr/iter_1/{name}.jsonl" for name in ("ranking", "critiques")]
    run = snakemake(folder, *targets)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "pretrain_base" not in run.stdout + run.stderr, "no model is needed"
    for name in targets:
        assert (folder / name).read_bytes() == (reduced / name).read_bytes()


def test_seeds_repeat_the_run_below_the_first(reduced):
    run = subprocess.run(
        [*command("-n"), "--config", "seeds=2"],
        cwd=reduced,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    out = run.stdout + run.stderr
    assert run.returncode == 0, out[-2000:]
    assert "results/reduced/seed_1/tables/table2.md" in out and "results/reduced/tables/seeds.md" in out
    made = re.findall(r"^ +output: (.*)", out, re.MULTILINE)
    own = [
        line
        for line in made
        if not any(name in line for name in ("seed_1", "seeds.", "claims", "report", "plan_and_actual"))
    ]
    assert own == [], "the first run is there already"


def test_changed_code_runs_again_and_unchanged_code_does_not(reduced, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(reduced, folder, symlinks=True)
    script = folder / "scripts" / "acr" / "plot_kinds.py"
    script.write_text(script.read_text().replace('"""Figure 5:', '"""A new docstring: figure 5:'))
    assert "Nothing to be done" in (run := snakemake(folder, "-n")).stdout + run.stderr
    script.write_text(script.read_text().replace('alpha": 0.85', 'alpha": 0.8'))
    out = (run := snakemake(folder, "-n")).stdout + run.stderr
    assert "make_figure5" in out and "train_model" not in out and "make_table2" not in out


def test_the_plan_comes_within_a_quarter_of_what_happens(results):
    table = pd.read_csv(results / "plan_and_actual.csv").set_index("Stage")
    for name in ("Requests", "Tokens in", "Tokens out"):
        planned, came = table.loc["Total", [f"{name}, planned", name]].astype(float)
        assert abs(planned / came - 1) < 0.25, f"{name}: planned {planned}, came {came}"
    certain = ["Instructions", "Evolution", "Answers of D_0", "Samples", "Judgements", "Benchmarks", "Scores"]
    assert (table.loc[certain, "Requests, planned"] == table.loc[certain, "Requests"]).all()


def test_the_actual_figures_are_the_sums_over_the_responses(results):
    table = pd.read_csv(results / "plan_and_actual.csv").set_index("Stage")
    usages = [
        row["response"]["body"]["usage"]
        for path in results.glob("tiny/*/iter_*/responses/judgements.*.jsonl")
        for row in load(path)
    ]
    assert table.loc["Judgements", "Tokens in"] == sum(usage["prompt_tokens"] for usage in usages)
    assert table.loc["Judgements", "Tokens out"] == sum(usage["completion_tokens"] for usage in usages)


def test_a_baseline_stands_in_the_tables_and_is_measured_as_the_students_are(reduced, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(reduced, folder, symlinks=True)
    path = folder / REDUCED
    model = "results/reduced/tiny/acr/iter_0/model"
    path.write_text(path.read_text() + f"baselines: [{{name: other, title: Other, model: {model}}}]\n")
    run = snakemake(folder, "table2", "baselines", "results/reduced/plan.csv")
    assert run.returncode == 0, run.stderr[-2000:]
    assert "train_model" not in run.stdout + run.stderr
    results = folder / "results" / "reduced"
    outcomes = load(results / "baselines/other/benchmarks/in_distribution/outcomes.jsonl")
    first = load(results / "tiny/acr/benchmarks/in_distribution/outcomes.jsonl")
    assert outcomes == [outcome for outcome in first if outcome["iteration"] == 0], "the same model scores the same"
    table = pd.read_csv(results / "tables/table2.csv")
    assert list(table["Model"])[-1] == "Other" and table["pass@1"].iloc[-1] == table["pass@1"].iloc[0]
    assert pd.isna(table["Gain"].iloc[-1]) and "nan" not in (results / "tables/table2.md").read_text()
    alone = pd.read_csv(results / "tables/baselines.csv")
    assert list(alone["Model"]) == ["Other"] and alone["pass@1"].iloc[0] == table["pass@1"].iloc[0]
    plan = pd.read_csv(results / "plan.csv").set_index("Model")
    assert plan.loc["Other", "Stage"] == "Benchmarks" and plan.loc["Other", "Requests"] == 40


def test_the_report_is_made(reduced):
    run = snakemake(reduced, "--report", "report.html")
    assert run.returncode == 0, run.stderr[-2000:]
    page = (reduced / "report.html").read_text()
    assert "figure5" in page and "Main results" in page


def test_the_page_shows_all_that_was_asked_for(results):
    page = (results / "report.html").read_text()
    assert re.findall(r'<p class="missing">(.*): not part of this run', page) == [
        "Table 1: advanced coding ability",
        "Table 5: other languages",
        "Mean and standard deviation over seeds",
    ]
    assert page.count('role="img"') == 6 and "train_model" in page and "results/reduced/tiny/acr/iter_1/model" in page


def test_the_gate_lets_the_instructions_through_and_is_counted(results):
    instructions = results / "instructions"
    assert (instructions / "gated.jsonl").read_bytes() == (instructions / "selected.jsonl").read_bytes()
    assert json.loads((instructions / "gated.counts.json").read_text())["rejected"] == {}
    assert [record["id"] for record in load(instructions / "gated.jsonl")] == [
        r["id"] for r in load(results / "d0.jsonl")
    ]


def test_d0_does_not_leak_and_the_leaky_data_set_does(results):
    measured = {r["dataset"]: r for r in json.loads((results / "leakage" / "datasets.json").read_text())["results"]}
    assert measured["d0"]["questions_leaked"] == measured["d0"]["records_leaked"] == 0
    assert measured["leaky"]["flagged"] and not measured["d0"]["flagged"]
    assert measured["leaky"]["questions_leaked"] == measured["leaky"]["records_leaked"] == 4  # a fifth of 20
    planted = [r for r in load(results / "leakage" / "leaky.jsonl") if r["id"].startswith("leak.")]
    prompts = {problem["prompt"] for problem in load(results / "benchmarks" / "in_distribution.jsonl")}
    assert len(planted) == 4 and {record["instruction"] for record in planted} <= prompts
    assert not prompts & {record["instruction"] for record in load(results / "d0.jsonl")}


def test_table_3_and_figure_7_say_what_was_measured(results):
    table = (results / "tables" / "table3.md").read_text()
    assert "(miniature, reduced)" in table and "prompt, all: 20" in table and "43.20" in table
    drawn = (results / "figures" / "figure7.csv").read_text().splitlines()
    assert len(drawn) == 1 + 2 * 60 and sum(",True," in line for line in drawn) == 4
    by_iteration = (results / "tables" / "leakage.csv").read_text()
    assert "Critique overlap (questions),Tiny,1,In distribution," in by_iteration
    assert "Response overlap (canonical solutions),Tiny,0,In distribution,60," in by_iteration
