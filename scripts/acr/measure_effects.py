"""Measure the effects of one run: the differences that the paper's claims and our controls are about."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

import pandas as pd

from refinement.benchmarks.record_types import OUTCOME
from refinement.methods.acr.claims import SELF_BAND, ablations, controls, falling_shares, gains
from refinement.records.files import atomic_write, load_records, read_json
from refinement.results.claims import Chain, Effect, on_common_problems, read_passes
from refinement.results.pass_rates import pair_entries
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("outcomes", nargs="*", help="JSONL: outcomes, those of the method before other variants'")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: student, benchmark and variant of each outcomes file"
    )
    options.add_argument("--kinds", required=True, help="CSV: the data of figure 5")
    options.add_argument("--selections", nargs="*", default=[], help="JSON: summaries of score_selection")
    options.add_argument("--feedback", nargs="*", default=[], help="JSON: summaries of score_feedback")
    options.add_argument(
        "--titles", type=json_value, required=True, help="JSON: a title for each file of --selections and --feedback"
    )
    options.add_argument("--final", type=int, required=True, help="T, the method's last iteration")
    options.add_argument("--seed", type=int, required=True, help="the run's seed")
    options.add_argument("--output", required=True, help="CSV: the effects")
    return options


def group_chains(options: Namespace) -> dict[tuple[str, str], list[Chain]]:
    """Group the chains by student and benchmark.

    The method's iterations after T join its chain. A variant without an M_0 of its own gets the method's.
    """
    groups: dict[tuple[str, str], list[Chain]] = {}
    several = len({entry["student"] for entry in options.entries}) > 1
    for path, entry in pair_entries(options.outcomes, options.entries):
        chains = groups.setdefault((entry["student"], entry["benchmark"]), [])
        passes = read_passes(load_records(path, OUTCOME))
        if chains and entry["variant"]["name"] == chains[0].variant["name"]:
            chains[0].passes.update(passes)
            continue
        if chains and 0 not in passes:
            passes[0] = chains[0].passes[0]
        title = f"{entry['student']}, {entry['benchmark']}" if several else entry["benchmark"]
        chains.append(Chain(entry["variant"], title, passes))
    return groups


def measure(options: Namespace) -> Iterator[Effect]:
    """Yield all effects of a run; a benchmark that was not run has none."""
    for chains in filter(None, map(on_common_problems, group_chains(options).values())):
        yield from gains(chains[0], options.final, options.seed)
        yield from ablations(chains, options.seed)
        yield from controls(chains, options.seed)
    kinds = pd.read_csv(options.kinds)
    for student, rows in kinds.groupby("student", sort=False):
        for effect in falling_shares("self_wins_fall", list(rows[SELF_BAND]), list(rows["records"])):
            yield effect._replace(of=f"{student}: {effect.of}") if kinds["student"].nunique() > 1 else effect
    for title, path in zip(options.titles["selections"], options.selections, strict=True):
        difference = read_json(path)["difference"]
        if difference["value"] is not None:
            yield _scaled("scoring_separates_samples", f"{title}: best over worst", difference)
    for title, path in zip(options.titles["feedback"], options.feedback, strict=True):
        for found in read_json(path)["differences"]:
            yield _scaled(found["claim"], f"{title}, iteration {found['iteration']}: {found['of']}", found)


def _scaled(claim: str, of: str, found: dict[str, float]) -> Effect:
    return Effect(claim, of, *(100 * found[name] for name in ("value", "low", "high")))


def main(options: Namespace) -> None:
    frame = pd.DataFrame(list(measure(options)), columns=list(Effect._fields))
    with atomic_write(options.output) as path:
        frame.to_csv(path, index=False)


if __name__ == "__main__":
    run_step(main, arguments())
