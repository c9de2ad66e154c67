"""Test the scoring system: do its best and worst answers pass a benchmark's tests (RefineCoder, Table 4)?"""

import statistics
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from refinement.benchmarks.metrics import bootstrap_interval
from refinement.benchmarks.programs import passes, standalone_program
from refinement.benchmarks.record_types import PROBLEM
from refinement.benchmarks.requirements import problems_left_out, summarize_missing
from refinement.completion.record_types import SAMPLE
from refinement.methods.acr.record_types import JUDGEMENT
from refinement.methods.acr.scoring import choose_best, choose_worst, normalize, weigh
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_json
from refinement.records.manifest import digest_files, fingerprint, versions
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.running.command_line import json_value, parser, run_step
from refinement.sandbox.record_types import EXECUTION


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("solutions", help="JSONL: the samples, ids {iteration}/{problem}")
    options.add_argument("--problems", required=True, help="JSONL: the benchmark's problems")
    options.add_argument("judgements", help="JSONL: judgements of the samples")
    options.add_argument("--executions", nargs="+", required=True, help="JSONL: executions without tests, all shards")
    options.add_argument("--runs", nargs="+", required=True, help="JSONL: executions with the tests, all shards")
    options.add_argument("--weights", type=json_value, required=True, help="JSON: weight of each criterion")
    options.add_argument("--model", required=True, help="the model that answered, for the manifest")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument("--summary", required=True, help="JSON: best, worst, error rate")
    return options


def is_executable(response: str, executions: Mapping[str, Record]) -> bool:
    """Whether an answer's program is executable without tests (equation 4)."""
    program = standalone_program(response)
    return passes(program and program["id"], executions)


def choose(
    samples: Sequence[Record],
    judgements: Mapping[tuple[str, int], Record],
    executions: Mapping[str, Record],
    weights: Mapping[str, float],
) -> tuple[int, int] | None:
    """The places (from 1) of the best and the worst sample by equation 5; None if no sample was judged."""
    points = normalize([weigh(judgements[s["id"], s["sample"]]["scores"], weights) for s in samples])
    executed = [0, *(int(is_executable(sample["response"], executions)) for sample in samples)]
    best, worst = choose_best(points, executed), choose_worst(points, executed)
    return (best, worst) if best is not None and worst is not None else None


def summarize(pairs: Sequence[tuple[bool, bool, float]], seed: int) -> dict[str, Any]:
    """The shares of Table 4 (fractions) with 95% intervals; None if no problem has a judged sample.

    ``pairs``: for each problem with a judged sample, whether the best passes, whether the worst passes, and the share
    of all samples that pass.
    """
    shares = {
        "best": [float(best) for best, _, _ in pairs],
        "mean": [mean for _, _, mean in pairs],
        "worst": [float(worst) for _, worst, _ in pairs],
        "error_rate": [float(worst and not best) for best, worst, _ in pairs],
        "difference": [float(best) - float(worst) for best, worst, _ in pairs],
    }
    if not pairs:
        return {name: {"value": None, "low": None, "high": None} for name in shares}
    intervals = {name: bootstrap_interval(values, hash_seed(seed, "bootstrap")) for name, values in shares.items()}
    return {
        name: {"value": statistics.fmean(values), "low": intervals[name][0], "high": intervals[name][1]}
        for name, values in shares.items()
    }


def main(options: Namespace) -> None:
    by_problem: dict[str, list[Record]] = {}
    for sample in load_records(options.solutions, SAMPLE):
        by_problem.setdefault(sample["id"], []).append(sample)
    judgements = index_records(load_records(options.judgements, JUDGEMENT), "id", "sample")
    executions = index_records(load_records(options.executions, EXECUTION), "id")
    tests = index_records(load_records(options.runs, EXECUTION), "id")
    left_out = problems_left_out(load_records(options.problems, PROBLEM), tests)
    tested = {name: samples for name, samples in by_problem.items() if name.partition("/")[2] not in left_out}
    pairs = []
    for samples in tested.values():
        passed = [passes(sample["program"], tests) for sample in samples]
        chosen = choose(samples, judgements, executions, options.weights)
        if chosen:
            pairs.append((passed[chosen[0] - 1], passed[chosen[1] - 1], statistics.fmean(passed)))
    if tested and not pairs:
        raise BadInput(
            f"{options.judgements}: none of the {len(tested)} problems has a judged sample; check the judge's responses"
        )
    manifest = {
        "samples": digest_files(options.solutions),
        "model": {options.model: fingerprint(options.model)},
        "weights": options.weights,
        "seed": options.seed,
        "versions": versions(),
    }
    summary = {
        "problems": len(tested),
        "unjudged": len(tested) - len(pairs),
        "samples": max(map(len, by_problem.values())),
        **summarize(pairs, options.seed),
        **summarize_missing(len(by_problem) - len(tested), tests.values()),
        "manifest": manifest,
    }
    write_json(options.summary, summary)


if __name__ == "__main__":
    run_step(main, arguments())
