"""Select the instructions of D_0: no duplicates, no benchmark problems, at most --size."""

from argparse import ArgumentParser, Namespace
from functools import partial

from refinement.benchmarks.record_types import PROBLEM
from refinement.leakage.similarity import find_near_duplicates, overlap_with
from refinement.methods.acr.instructions import select
from refinement.methods.acr.record_types import INSTRUCTION
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: the instructions of the last round")
    options.add_argument("--benchmarks", nargs="*", default=[], help="JSONL: problems that must not overlap")
    options.add_argument(
        "--identity",
        choices=("text", "specification"),
        required=True,
        help="two instructions are the same if they have the same words, or the same specification (miniature)",
    )
    options.add_argument(
        "--near-duplicate-threshold",
        type=float,
        default=0,
        help="reject from this Jaccard similarity on; 0: do not check",
    )
    options.add_argument(
        "--overlap-ngram", type=int, default=0, help="reject so many tokens in a row from a benchmark; 0: do not check"
    )
    options.add_argument("--size", type=int, required=True, help="number of instructions to keep at most")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument("--output", required=True, help="JSONL: the selected instructions")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("selection")
    problems = load_records(options.benchmarks, PROBLEM)
    threshold = options.near_duplicate_threshold
    chosen = select(
        load_records(options.instructions, INSTRUCTION),
        [problem["prompt"] for problem in problems],
        options.identity,
        partial(find_near_duplicates, threshold=threshold) if threshold else None,
        overlap_with(problems, options.overlap_ngram),
        options.size,
        options.seed,
        account,
    )
    if not chosen:
        raise BadInput(
            f"{options.instructions}: all {account.taken} instructions are rejected ({account.rejected}); "
            "add snippets or rounds"
        )
    if len(chosen) < options.size:
        print(f"selected only {len(chosen)} instructions; instructions.d0_size asks for {options.size}")
    write_records(options.output, chosen, INSTRUCTION)
    account.write(options.counts, options.rejected, wanted=options.size)


if __name__ == "__main__":
    run_step(main, arguments())
