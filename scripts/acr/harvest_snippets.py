"""Harvest seed snippets from real code, and filter them.

The step counts the rejections of each filter in --counts, and writes every rejected snippet to --rejected.
"""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.record_types import PROBLEM
from refinement.leakage.similarity import find_near_duplicates, overlap_with
from refinement.methods.acr.harvest import Filters, find_candidates, find_fault
from refinement.methods.acr.record_types import SNIPPET
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import load_records, write_records
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--source", required=True, help="stdlib, a .py or .jsonl file, a folder, or hub:NAME:FIELD")
    options.add_argument("--benchmarks", nargs="*", default=[], help="JSONL: problems that must not overlap")
    options.add_argument("--size", type=int, help="number of snippets to keep at most; default: all")
    options.add_argument("--seed", type=int, default=0, help="decides which snippets are kept")
    options.add_argument("--max-lines", type=int, required=True, help="longest snippet in lines")
    options.add_argument("--max-characters", type=int, required=True, help="longest snippet in characters")
    options.add_argument("--forbidden-modules", nargs="*", default=[], help="reject a snippet that uses one of these")
    options.add_argument(
        "--near-duplicate-threshold", type=float, required=True, help="reject from this Jaccard similarity on"
    )
    options.add_argument(
        "--overlap-ngram",
        type=int,
        required=True,
        help="reject so many tokens in a row from a benchmark; 0: do not check",
    )
    options.add_argument("--output", required=True, help="JSONL: the snippets")
    add_account(options)
    return options


def drop_near_duplicates(snippets: list[Record], threshold: float, account: Account) -> list[Record]:
    """Reject the snippets that nearly repeat an earlier one."""
    repeated = find_near_duplicates([snippet["code"] for snippet in snippets], threshold)
    for index, earlier in repeated.items():
        account.reject(snippets[index]["id"], "near_duplicate", snippets[earlier]["id"])
    return [snippet for index, snippet in enumerate(snippets) if index not in repeated]


def choose(snippets: list[Record], options: Namespace, account: Account) -> list[Record]:
    """Choose ``options.size`` snippets by the seed and keep their order; reject the others as surplus."""
    size = options.size or len(snippets)
    drawn = sorted(snippets, key=lambda snippet: hash_seed(options.seed, "snippets", snippet["id"]))
    for snippet in drawn[size:]:
        account.reject(snippet["id"], "surplus")
    chosen = {snippet["id"] for snippet in drawn[:size]}
    return [snippet for snippet in snippets if snippet["id"] in chosen]


def main(options: Namespace) -> None:
    account = Account("snippets")
    filters = Filters(options.max_lines, options.max_characters, tuple(options.forbidden_modules))
    overlap = overlap_with(load_records(options.benchmarks, PROBLEM), options.overlap_ngram)
    passed = []
    for snippet in account.take(find_candidates(options.source)):
        fault = find_fault(snippet["code"], filters)
        if fault is None and overlap and (gram := overlap.find(snippet["code"])):
            fault = "benchmark_overlap", gram
        if fault:
            account.reject(snippet["id"], *fault)
        else:
            passed.append(snippet)
    kept = choose(drop_near_duplicates(passed, options.near_duplicate_threshold, account), options, account)
    if not kept:
        raise BadInput(
            f"snippets.source {options.source}: none of {account.taken} functions passed the filters "
            f"{account.rejected}; name another source or loosen the filters under snippets"
        )
    account.given = write_records(options.output, kept, SNIPPET)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
