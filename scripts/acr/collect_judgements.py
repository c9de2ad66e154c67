"""Read the judge's point-wise judgements of the samples (RefineCoder, equation 1)."""

from argparse import ArgumentParser, Namespace

from refinement.completion.record_types import SAMPLE
from refinement.completion.requests import collect_answers
from refinement.methods.acr.record_types import JUDGEMENT
from refinement.methods.acr.stages import collect_judgements
from refinement.records.accounts import Account
from refinement.records.files import load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the judge's responses, all shards")
    options.add_argument("--output", required=True, help="JSONL: the judgements")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("judgements")
    samples = load_records(options.samples, SAMPLE)
    write_records(options.output, collect_judgements(samples, collect_answers(options.responses), account), JUDGEMENT)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
