"""HumanEval+ over 10 samples a problem, beside evalplus' own evaluate with its ground truth cached, in one run."""

import json
import time

import pytest

from refinement.benchmarks import evalplus
from refinement.sandbox.pool import execute_all
from support import honest, variants

pytestmark = pytest.mark.speed
SAMPLES = 10
FILE = "humanevalplus/HumanEvalPlus.jsonl.gz"


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_ten_samples_of_every_problem(tmp_path):
    records = honest.read_lines(FILE)
    problems = list(
        evalplus.read_problems(((FILE, record) for record in records), {"kind": "humaneval_plus"}, "{problem}")
    )
    codes = [record["prompt"] + record["canonical_solution"] for record in records]
    solutions = [
        (record["task_id"], "", code) for _ in range(SAMPLES) for record, code in zip(records, codes, strict=True)
    ]
    lines = [
        {**problem, "id": f"{problem['id']} {sample}", "code": code}
        for sample in range(SAMPLES) for problem, code in zip(problems, codes, strict=True)
    ]  # fmt: skip
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(record) + "\n" for record in honest.read_lines(FILE)))
    variants.evalplus_verdicts("humaneval", data, solutions[: len(records)], tmp_path)  # it keeps the ground truth
    (tmp_path / "humaneval.samples_eval_results.json").unlink()

    def ours():
        assert [run["id"] for run in execute_all(lines, 2) if run["verdict"] != "passed"] == []

    mine, theirs = seconds(ours), seconds(lambda: variants.evalplus_verdicts("humaneval", data, solutions, tmp_path))
    print(
        f"\nHumanEval+, {len(lines)} canonical samples on 2 workers: ours {mine:.1f} s, evalplus {theirs:.1f} s, {theirs / mine:.2f} times"
    )
    assert theirs >= mine
