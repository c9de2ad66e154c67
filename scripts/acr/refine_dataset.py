"""Refine D_t to D_{t+1} by the ranking and the critiques (RefineCoder, equation 10)."""

from argparse import ArgumentParser, Namespace
from collections import Counter

from refinement.completion.record_types import SAMPLE
from refinement.methods.acr.record_types import CRITIQUE, DATASET, RANKING
from refinement.methods.acr.refining import Strategy, refine
from refinement.methods.acr.stages import best_answers
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_account, json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("ranking", help="JSONL: the ranking, from collect_comparisons")
    options.add_argument("--critiques", nargs="*", default=[], help="JSONL: the critiques, if the strategy uses them")
    options.add_argument("--strategy", type=json_value, required=True, help="JSON: on_self_win, on_original_win")
    options.add_argument("--iteration", type=int, required=True, help="t")
    options.add_argument("--output", required=True, help="JSONL: D_{t+1}")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    strategy, account = Strategy(**options.strategy), Account("refined")
    ranking = index_records(load_records(options.ranking, RANKING), "id")
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    best = best_answers(ranking.values(), samples)
    critiques = index_records(load_records(options.critiques, CRITIQUE), "id")
    refined = []
    for record in account.take(load_records(options.dataset, DATASET)):
        name = record["id"]
        new = refine(record, ranking[name], best.get(name), critiques.get(name), options.iteration, strategy)
        if new is None:
            account.reject(name, f"{ranking[name]['winner']}_win_dropped")
        else:
            refined.append(new)
    if not refined:
        raise BadInput(
            f"{options.dataset}: the strategy {options.strategy} drops every record; choose another for this variant"
        )
    account.given = write_records(options.output, refined, DATASET)
    kinds = Counter(f"{record['kind']}/{record['reason']}" for record in refined)
    account.write(options.counts, options.rejected, kinds=dict(sorted(kinds.items())))


if __name__ == "__main__":
    run_step(main, arguments())
