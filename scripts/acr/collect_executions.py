"""Read the executions of the programs: is each answer, y0 and every sample, executable (RefineCoder, equation 4)?"""

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
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("--runs", nargs="+", required=True, help="JSONL: executions of the programs, all shards")
    options.add_argument("--n", type=int, required=True, help="number of samples for each instruction")
    options.add_argument("--output", required=True, help="JSONL: executability of each answer")
    add_account(options, rejected=False)
    return options


def main(options: Namespace) -> None:
    account = Account("executions")
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    responses = list(all_answers(load_records(options.dataset, DATASET), samples, options.n))
    executions = index_records(load_records(options.runs, EXECUTION), "id")
    executability = list(collect_executions(responses, executions))
    account.taken = len(responses)
    account.given = write_records(options.output, executability, EXECUTABILITY)
    verdicts = Counter(record["verdict"] for record in executability)
    account.write(options.counts, verdicts=dict(sorted(verdicts.items())))


if __name__ == "__main__":
    run_step(main, arguments())
