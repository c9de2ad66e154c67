"""Read what came of the programs: equation 4 for y0 and every sample."""

from argparse import ArgumentParser, Namespace
from collections import Counter

from refinement.completion.record_types import SAMPLE
from refinement.methods.acr.record_types import DATASET, EXECUTABILITY
from refinement.methods.acr.stages import all_answers, collect_executions
from refinement.records.accounts import Account
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_account, parser, run_step
from refinement.sandbox.record_types import EXECUTION


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: samples")
    options.add_argument("--runs", nargs="+", required=True, help="JSONL: runs, all shards")
    options.add_argument("--n", type=int, required=True, help="answers to each instruction")
    options.add_argument("--output", required=True, help="JSONL: executions")
    add_account(options, rejected=False)
    return options


def main(options: Namespace) -> None:
    account = Account("executions")
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    responses = list(all_answers(load_records(options.dataset, DATASET), samples, options.n))
    runs = index_records(load_records(options.runs, EXECUTION), "id")
    executions = list(collect_executions(responses, runs))
    account.taken = len(responses)
    account.given = write_records(options.output, executions, EXECUTABILITY)
    account.write(options.counts, verdicts=dict(sorted(Counter(record["verdict"] for record in executions).items())))


if __name__ == "__main__":
    run_step(main, arguments())
