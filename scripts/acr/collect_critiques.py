"""Read the critiques of the samples that lost to the current answer (RefineCoder, equation 9)."""

from argparse import ArgumentParser, Namespace

from refinement.completion.record_types import SAMPLE
from refinement.completion.requests import collect_answers
from refinement.methods.acr.record_types import CRITIQUE, DATASET, RANKING
from refinement.methods.acr.refining import current_answer
from refinement.methods.acr.stages import best_answers, collect_critiques
from refinement.records.accounts import Account
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("ranking", help="JSONL: the ranking, from collect_comparisons")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the critic's responses, all shards")
    options.add_argument(
        "--rewrite",
        choices=("original", "polished"),
        required=True,
        help="keep both answers word for word, or the critic's wording of them if it left the code unchanged",
    )
    options.add_argument("--output", required=True, help="JSONL: the critiques")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("critiques")
    ranking = load_records(options.ranking, RANKING)
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    critiques = list(
        collect_critiques(
            ranking,
            {record["id"]: current_answer(record) for record in load_records(options.dataset, DATASET)},
            best_answers(ranking, samples),
            collect_answers(options.responses),
            options.rewrite,
            account,
        )
    )
    write_records(options.output, critiques, CRITIQUE)
    account.write(
        options.counts, options.rejected, code_changed=sum(record["code_unchanged"] == 0 for record in critiques)
    )


if __name__ == "__main__":
    run_step(main, arguments())
