"""Read the self-generated answers, and write the programs of these answers and of the current answers y0."""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.programs import distinct, standalone_program
from refinement.completion.record_types import SAMPLE
from refinement.completion.requests import collect_answers
from refinement.methods.acr.record_types import DATASET
from refinement.methods.acr.stages import all_answers, collect_samples
from refinement.records.accounts import Account
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_account, parser, run_step
from refinement.sandbox.record_types import PROGRAM


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the student's responses, all shards")
    options.add_argument("--samples", type=int, required=True, help="n, the number of samples for each instruction")
    options.add_argument("--output", required=True, help="JSONL: the samples")
    options.add_argument("--programs", required=True, help="JSONL: the distinct programs")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("samples")
    dataset = load_records(options.dataset, DATASET)
    samples = list(collect_samples(dataset, collect_answers(options.responses), options.samples, account))
    responses = all_answers(dataset, index_records(samples, "id", "sample"), options.samples)
    write_records(options.output, samples, SAMPLE)
    programs = distinct(standalone_program(response) for _, _, response in responses)
    write_records(options.programs, programs, PROGRAM)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
