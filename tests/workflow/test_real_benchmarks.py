"""The miniature's student on every real benchmark, from the benchmark's own data to the tables."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from support.honest import DATA
from support.livecodebench_parts import both_kinds
from support.workflow import REDUCED, ROOT, snakemake

REAL = "tests/benchmarks.yaml"
HOME = Path("results/reduced")


@pytest.fixture(scope="module")
def real(reduced, tmp_path_factory):
    """A copy of the reduced run in which its models were measured by all real benchmarks."""
    if not (DATA / "multipl-e").is_dir():
        pytest.skip(f"no {DATA}: the benchmarks' data are not part of the project; BENCHMARK_DATA names their folder")
    folder = tmp_path_factory.mktemp("real") / "copy"
    shutil.copytree(reduced, folder, symlinks=True)
    shutil.copy(ROOT / REAL, folder / REAL)
    (folder / "data").symlink_to(DATA)
    (folder / "livecodebench.jsonl").write_text("".join(json.dumps(line) + "\n" for line in both_kinds()))
    targets = ["table1", "table2", "table4", "table5", "figure4"]
    run = snakemake(folder, *targets, "--configfile", REDUCED, REAL, reduced=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return folder


def entries(folder):
    return {entry["name"]: entry for entry in yaml.safe_load((folder / REAL).read_text())["benchmarks"]}


def summary(folder, name, work="benchmarks"):
    return json.loads((folder / HOME / "tiny/acr" / work / name / "summary.json").read_text())


def test_every_benchmark_is_measured_from_its_own_data(real):
    for name, entry in entries(real).items():
        found = summary(real, name)
        assert [row["iteration"] for row in found["iterations"]] == [0, 1], name
        if entry["kind"] == "miniature":
            continue
        about = found["manifest"]["benchmark"]
        assert about["kind"] == entry["kind"] and about["problems"] == 2 and about["records_sha256"], name
        assert about["settings"]["limit"] == 2 and about["template"], name
        for row in found["iterations"]:
            measured = row["problems"] + row.get("not_run", 0)
            assert measured == 2 and (row["pass@1"] is None) == (row["problems"] == 0), (name, row)
            assert row.get("missing", []) or not row.get("not_run"), name


def test_canonical_solutions_pass_beside_the_answers(real):
    for name, entry in entries(real).items():
        problems = [json.loads(line) for line in (real / HOME / f"benchmarks/{name}.jsonl").read_text().splitlines()]
        runs = map(json.loads, (real / HOME / f"tiny/acr/benchmarks/{name}/runs.1.jsonl").read_text().splitlines())
        verdicts = {run["id"]: run["verdict"] for run in runs}
        own = [verdicts[problem["canonical_program"]] for problem in problems if problem.get("canonical_program")]
        assert set(own) <= {"passed", "not_run"}, (name, own)
        assert bool(own) == (entry["kind"] not in ("miniature", "livecodebench", "multipl_e")), name


def test_tables_hold_every_benchmark_with_the_papers_columns(real):
    tables = real / HOME / "tables"
    listed = yaml.safe_load((real / REAL).read_text())["tables"]
    titles = {name: entry["title"] for name, entry in entries(real).items()}
    for table in ("table1", "table2", "table5"):
        frame = pd.read_csv(tables / f"{table}.csv")
        assert {titles[name] for name in listed[table]} <= set(frame["Benchmark"])
        assert "Published" in frame
    assert set(pd.read_csv(tables / "table4.csv")["Benchmark"]) >= {"HumanEval+", "MBPP+"}
    assert (real / HOME / "figures/figure4.svg").is_file()


def test_a_benchmark_of_the_same_answers_asks_nobody_again(real):
    folder = real / HOME / "tiny/acr/benchmarks"
    assert not (folder / "humaneval/requests").exists() and not (folder / "mbpp/responses").exists()
    responses = {
        name: [json.loads(line)["response"] for line in (folder / name / "outcomes.jsonl").read_text().splitlines()]
        for name in ("humaneval", "humaneval_plus")
    }
    assert responses["humaneval"] == responses["humaneval_plus"]


def test_second_tries_are_asked_in_the_papers_single_prompt(real):
    folder = real / HOME / "tiny/acr/feedback/mbpp_plus"
    requests = list(map(json.loads, (folder / "requests/solutions.jsonl").read_text().splitlines()))
    assert requests and all(len(request["body"]["messages"]) == 1 for request in requests)
    tries = summary(real, "mbpp_plus", "feedback")["tries"]
    assert {row["problems"] for row in tries} == {2}


def test_nothing_is_left_to_do(real):
    again = snakemake(real, "table2", "table5", "--configfile", REDUCED, REAL, reduced=False)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
