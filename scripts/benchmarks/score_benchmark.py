"""Score models on a benchmark: unbiased pass@k and bootstrap confidence intervals."""

import statistics
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from refinement.benchmarks.coverage import coverage_faults
from refinement.benchmarks.metrics import bootstrap_interval, pass_at_k
from refinement.benchmarks.programs import find_execution
from refinement.benchmarks.record_types import OUTCOME, PROBLEM
from refinement.benchmarks.requirements import failing_canonical_solutions, problems_left_out, summarize_missing
from refinement.completion.record_types import SAMPLE
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, read_json, write_json, write_records
from refinement.records.manifest import digest_files, fingerprint, versions
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.running.command_line import json_value, parser, run_step
from refinement.sandbox.record_types import EXECUTION, NOT_RUN


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("solutions", help="JSONL: samples, ids {iteration}/{problem}")
    options.add_argument("--runs", nargs="+", required=True, help="JSONL: executions, all shards")
    options.add_argument("--problems", required=True, help="JSONL: problems")
    options.add_argument("--about", help="JSON: provenance of the problems, from prepare_benchmark.py")
    options.add_argument("--models", nargs="+", required=True, help="folders or hub names of the models that answered")
    options.add_argument("--decoding", type=json_value, required=True, help="JSON: sampling parameters of the answers")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument("--outcomes", required=True, help="JSONL: outcomes")
    options.add_argument("--summary", required=True, help="JSON: pass@k by iteration")
    return options


def check_solutions(path: str, solutions: list[Record], problems: list[Record]) -> None:
    """Raise BadInput unless each model answered every problem, all problems equally often."""
    if not solutions:
        raise BadInput(f"{path}: holds no solutions; make it again with collect_solutions.py")
    given = Counter((solution["id"], solution["sample"]) for solution in solutions)
    (name, sample), times = given.most_common(1)[0]
    if times > 1:
        raise BadInput(f"{path}: sample {sample} of {name} occurs {times} times; correct the file")
    counts: dict[str, Counter[str]] = {}
    for name, _ in given:
        iteration, _, problem = name.partition("/")
        counts.setdefault(iteration, Counter())[problem] += 1
    known = dict.fromkeys(problem["id"] for problem in problems)
    for iteration, samples in counts.items():
        faults = coverage_faults(samples, known)
        if faults:
            raise BadInput(f"{path}: iteration {iteration}: {faults}; correct the file, or name the matching problems")


def make_outcomes(
    solutions: list[Record], executions: Mapping[str, Record], left_out: Mapping[str, str]
) -> Iterator[Record]:
    """Yield the outcome of each answer.

    ``left_out``: the problems that are not scored, with the reason.
    """
    for solution in solutions:
        iteration, _, problem = solution["id"].partition("/")
        execution = find_execution(solution["program"], executions)
        verdict = NOT_RUN if problem in left_out else execution["verdict"] if execution else "no_code"
        yield {
            "id": problem,
            "iteration": int(iteration),
            "sample": solution["sample"],
            "passed": int(verdict == "passed"),
            "verdict": verdict,
            "error": left_out.get(problem, execution["error"] if execution else None),
            "response": solution["response"],
        }


def summarize(outcomes: list[Record], seed: int) -> list[dict[str, Any]]:
    """pass@1 and pass@n of n samples by iteration, over the problems that were executed."""
    rows = []
    for iteration in sorted({outcome["iteration"] for outcome in outcomes}):
        asked = [outcome for outcome in outcomes if outcome["iteration"] == iteration]
        mine = [outcome for outcome in asked if outcome["verdict"] != NOT_RUN]
        row: dict[str, Any] = {"iteration": iteration, "problems": len({outcome["id"] for outcome in mine})}
        row |= summarize_missing(len({outcome["id"] for outcome in asked}) - row["problems"], asked)
        if not mine:
            rows.append({**row, "samples": 0, "pass@1": None, "low": None, "high": None, "verdicts": {}})
            continue
        samples = Counter(outcome["id"] for outcome in mine)
        right = Counter(outcome["id"] for outcome in mine if outcome["passed"])
        ones = [pass_at_k(samples[name], right[name], 1) for name in samples]
        n = min(samples.values())
        low, high = bootstrap_interval(ones, hash_seed(seed, "bootstrap"))
        rows.append(
            {
                **row,
                "samples": n,
                "pass@1": statistics.fmean(ones),
                "low": low,
                "high": high,
                f"pass@{n}": statistics.fmean(pass_at_k(samples[name], right[name], n) for name in samples),
                "verdicts": dict(sorted(Counter(outcome["verdict"] for outcome in mine).items())),
            }
        )
    return rows


def format_row(row: dict[str, Any]) -> str:
    """One row of the summary as a line of text."""
    parts = []
    if row["pass@1"] is not None:
        score, low, high = (100 * row[name] for name in ("pass@1", "low", "high"))
        ends = ", ".join(f"{verdict} {number}" for verdict, number in row["verdicts"].items())
        parts += [f"pass@1 {score:.1f}% ({low:.1f} to {high:.1f}) of {row['problems']} problems", f"answers: {ends}"]
    if "not_run" in row:
        parts.append(f"{row['not_run']} problems not executed: {', '.join(row['missing'])}")
    return f"iteration {row['iteration']}: {'; '.join(parts)}"


def main(options: Namespace) -> None:
    solutions = load_records(options.solutions, SAMPLE)
    executions = index_records(load_records(options.runs, EXECUTION), "id")
    problems = load_records(options.problems, PROBLEM)
    check_solutions(options.solutions, solutions, problems)
    outcomes = list(make_outcomes(solutions, executions, problems_left_out(problems, executions)))
    rows = summarize(outcomes, options.seed)
    write_records(options.outcomes, outcomes, OUTCOME)
    manifest = {
        "benchmark": read_json(options.about) if options.about else None,
        "problems": digest_files(options.problems),
        "models": {model: fingerprint(model) for model in options.models},
        "decoding": options.decoding,
        "seed": options.seed,
        "isolation": sorted({execution["isolation"] for execution in executions.values()} - {None}),
        "versions": versions(),
    }
    failing = failing_canonical_solutions(problems, executions)
    if failing:
        print(f"{len(failing)} of {len(problems)} canonical solutions do not pass here: {', '.join(failing)}")
    for row in rows:
        print(format_row(row))
    write_json(options.summary, {"iterations": rows, "unsolvable": failing, "manifest": manifest})


if __name__ == "__main__":
    run_step(main, arguments())
