"""Score second tries: pass@1 of the first try alone, and after a second try with feedback (RefineCoder, Figure 4)."""

import statistics
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from refinement.benchmarks.metrics import bootstrap_interval
from refinement.benchmarks.programs import find_execution, passes
from refinement.benchmarks.record_types import OUTCOME
from refinement.benchmarks.requirements import summarize_missing
from refinement.completion.record_types import SAMPLE
from refinement.methods.acr.feedback import EXECUTION_FEEDBACK, SUGGESTION
from refinement.records.files import index_records, load_records, write_json
from refinement.records.manifest import digest_files, fingerprint, versions
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.running.command_line import parser, run_step
from refinement.sandbox.record_types import EXECUTION, NOT_RUN


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("outcomes", help="JSONL: outcomes of the first tries")
    options.add_argument("solutions", help="JSONL: the second tries")
    options.add_argument("--runs", nargs="+", required=True, help="JSONL: executions of the second tries, all shards")
    options.add_argument(
        "--iterations", type=int, nargs="+", required=True, help="iterations whose models got a second try"
    )
    options.add_argument("--models", nargs="+", required=True, help="the models that answered, for the manifest")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument("--summary", required=True, help="JSON: pass@1 by iteration and kind of feedback")
    return options


def rows(
    first: Mapping[str, bool], repaired: Mapping[tuple[str, str], bool], iteration: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield pass@1 (a fraction) without feedback and with each kind of it; None if no problem was executed.

    ``first``: whether the first try passed, by problem; ``repaired``: whether the second try passed, by kind of
    feedback and problem.
    """
    failed = sum(not passed for passed in first.values())
    for kind in ("none", EXECUTION_FEEDBACK, SUGGESTION):
        values = [float(passed or repaired.get((kind, name), False)) for name, passed in first.items()]
        low, high = bootstrap_interval(values, hash_seed(seed, "bootstrap")) if values else (None, None)
        repaired_count = sum(repaired.get((kind, name), False) for name in first)
        yield {
            "iteration": iteration,
            "feedback": kind,
            "problems": len(first),
            "pass@1": statistics.fmean(values) if values else None,
            "low": low,
            "high": high,
            "failed_first": failed,
            "repaired": repaired_count,
        }


def differences(
    first: Mapping[str, bool], repaired: Mapping[tuple[str, str], bool], iteration: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the gain of each kind of feedback, and of suggestions over execution feedback.

    The gains are fractions, paired by problem; there are none if no problem was executed.
    """
    if not first:
        return

    def repaired_with(kind: str) -> list[float]:
        return [float(repaired.get((kind, name), False)) for name in first]

    execution, suggestion = repaired_with(EXECUTION_FEEDBACK), repaired_with(SUGGESTION)
    lead = [b - a for a, b in zip(execution, suggestion, strict=True)]
    for claim, of, values in (
        ("feedback_helps", "execution over none", execution),
        ("feedback_helps", "suggestion over none", suggestion),
        ("human_like_feedback_helps_more", "suggestion over execution", lead),
    ):
        low, high = bootstrap_interval(values, hash_seed(seed, "bootstrap"))
        value = statistics.fmean(values)
        yield {"claim": claim, "of": of, "iteration": iteration, "value": value, "low": low, "high": high}


def by_iteration(solutions: list[Record], executions: Mapping[str, Record]) -> dict[int, dict[tuple[str, str], bool]]:
    """Whether second tries passed, by iteration, then by kind of feedback and problem."""
    found: dict[int, dict[tuple[str, str], bool]] = {}
    for solution in solutions:
        iteration, kind, problem = solution["id"].split("/", 2)
        found.setdefault(int(iteration), {})[kind, problem] = passes(solution["program"], executions)
    return found


def first_tries(
    outcomes: list[Record], solutions: list[Record], executions: Mapping[str, Record], iteration: int
) -> tuple[dict[str, bool], dict[str, Any]]:
    """Whether the first tries of an iteration passed, by problem, and a summary of the problems left out.

    A problem is left out if any of its tries was not executed. That can be a second try alone, since a first try
    without code needs no package.
    """
    first_outcomes = [outcome for outcome in outcomes if outcome["iteration"] == iteration]
    second = {solution["id"]: find_execution(solution["program"], executions) for solution in solutions}
    not_run = {
        name.split("/", 2)[2]: execution
        for name, execution in second.items()
        if execution and execution["verdict"] == NOT_RUN
    }
    left_out = {
        outcome["id"] for outcome in first_outcomes if outcome["verdict"] == NOT_RUN or outcome["id"] in not_run
    }
    first = {outcome["id"]: bool(outcome["passed"]) for outcome in first_outcomes if outcome["id"] not in left_out}
    return first, summarize_missing(len(left_out), [*first_outcomes, *not_run.values()])


def main(options: Namespace) -> None:
    outcomes = [outcome for outcome in load_records(options.outcomes, OUTCOME) if outcome["sample"] == 1]
    solutions = load_records(options.solutions, SAMPLE)
    executions = index_records(load_records(options.runs, EXECUTION), "id")
    second = by_iteration(solutions, executions)
    found, effects = [], []
    for iteration in options.iterations:
        first, missing = first_tries(outcomes, solutions, executions, iteration)
        found += [row | missing for row in rows(first, second.get(iteration, {}), iteration, options.seed)]
        effects += differences(first, second.get(iteration, {}), iteration, options.seed)
    manifest = {
        "first_tries": digest_files(options.outcomes),
        "models": {model: fingerprint(model) for model in options.models},
        "seed": options.seed,
        "versions": versions(),
    }
    write_json(options.summary, {"tries": found, "differences": effects, "manifest": manifest})


if __name__ == "__main__":
    run_step(main, arguments())
