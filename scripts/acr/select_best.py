"""Select the best self-generated answer of every instruction (RefineCoder, equations 2 to 5)."""

from argparse import ArgumentParser, Namespace

from refinement.methods.acr.answers.judgement import CRITERIA
from refinement.methods.acr.record_types import BEST, DATASET, EXECUTABILITY, JUDGEMENT
from refinement.methods.acr.stages import select_best
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_account, json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("judgements", help="JSONL: judgements of the samples")
    options.add_argument("executions", help="JSONL: executability of each answer, from collect_executions")
    options.add_argument("--weights", type=json_value, required=True, help="JSON: the weight alpha_j of each criterion")
    options.add_argument("--n", type=int, required=True, help="number of samples for each instruction")
    options.add_argument("--output", required=True, help="JSONL: the best samples")
    add_account(options, rejected=False)
    return options


def main(options: Namespace) -> None:
    if set(options.weights) != set(CRITERIA):
        raise BadInput(f"--weights: give a weight for each of these criteria, and no other: {', '.join(CRITERIA)}")
    best = select_best(
        load_records(options.dataset, DATASET),
        index_records(load_records(options.judgements, JUDGEMENT), "id", "sample"),
        index_records(load_records(options.executions, EXECUTABILITY), "id", "sample"),
        options.weights,
        options.n,
    )
    account = Account("best sample")
    chosen = list(account.take(best))
    for record in chosen:
        if record["best_self"] is None:
            account.reject(record["id"], "no_judged_sample")
    account.given = sum(record["best_self"] is not None for record in chosen)
    write_records(options.output, chosen, BEST)
    account.write(options.counts)


if __name__ == "__main__":
    run_step(main, arguments())
