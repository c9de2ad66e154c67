"""Read the evolved instructions of a round; reject unreadable, unchanged and forbidden ones, and overlaps."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.requests import collect_answers
from refinement.leakage.similarity import overlap_with
from refinement.methods.acr.instructions import choose_strategy, collect_evolutions
from refinement.methods.acr.record_types import INSTRUCTION
from refinement.records.accounts import Account
from refinement.records.files import load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: the instructions of the previous round")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the teacher's responses, all shards")
    options.add_argument("--templates", nargs="+", required=True, help="the value for request_evolutions")
    options.add_argument("--round", type=int, required=True, help="number of the round, from 1")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument(
        "--forbidden-phrases", nargs="*", default=[], help="reject an instruction that contains one of these"
    )
    options.add_argument("--benchmarks", nargs="*", default=[], help="JSONL: problems that must not overlap")
    options.add_argument(
        "--overlap-ngram", type=int, default=0, help="reject so many tokens in a row from a benchmark; 0: do not check"
    )
    options.add_argument(
        "--keep", choices=("last", "all"), required=True, help="whether a new version replaces its parent or joins it"
    )
    options.add_argument("--output", required=True, help="JSONL: the instructions after this round")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account(f"new versions, round {options.round}")
    strategies = sorted(Path(path).stem for path in options.templates)
    evolved = collect_evolutions(
        load_records(options.instructions, INSTRUCTION),
        collect_answers(options.responses),
        lambda name: choose_strategy(name, strategies, options.seed, options.round),
        options.round,
        options.forbidden_phrases,
        overlap_with(load_records(options.benchmarks, PROBLEM), options.overlap_ngram),
        options.keep == "all",
        account,
    )
    write_records(options.output, evolved, INSTRUCTION)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
