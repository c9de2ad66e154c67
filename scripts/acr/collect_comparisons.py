"""Read the judge's comparisons and decide the winners (RefineCoder, equations 6 to 8)."""

from argparse import ArgumentParser, Namespace
from collections import Counter

from refinement.completion.requests import collect_answers
from refinement.methods.acr.record_types import BEST, COMPARISON, RANKING
from refinement.methods.acr.stages import collect_comparisons, contradicts, rank
from refinement.records.accounts import Account
from refinement.records.files import load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("best", help="JSONL: the best samples, from select_best")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the judge's responses, all shards")
    options.add_argument("--order", choices=("coin", "both"), required=True, help="the value for request_comparisons")
    options.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    options.add_argument("--comparisons", required=True, help="JSONL: the comparisons")
    options.add_argument("--output", required=True, help="JSONL: the ranking")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("comparisons")
    best = load_records(options.best, BEST)
    answers = collect_answers(options.responses)
    comparisons = list(collect_comparisons(best, answers, options.order, options.seed, account))
    ranking = list(rank(best, comparisons))
    write_records(options.comparisons, comparisons, COMPARISON)
    write_records(options.output, ranking, RANKING)
    winners = Counter(record["winner"] for record in ranking)
    contradictions = sum(map(contradicts, comparisons))
    account.write(
        options.counts, options.rejected, contradictions=contradictions, winners=dict(sorted(winners.items()))
    )


if __name__ == "__main__":
    run_step(main, arguments())
