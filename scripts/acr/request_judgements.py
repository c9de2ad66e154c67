"""Write the requests for point-wise judgements of the samples (RefineCoder, equation 1)."""

from argparse import ArgumentParser, Namespace

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST, SAMPLE
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import DATASET
from refinement.records.files import index_records, load_records, read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("--template", required=True, help="text with {instruction} and {response}")
    options.add_argument("--iteration", type=int, required=True, help="t")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    template = load_template(options.template, "instruction", "response")
    dataset = index_records(load_records(options.dataset, DATASET), "id")
    requests = (
        ask(
            sample["id"],
            fill_template(template, instruction=dataset[sample["id"]]["instruction"], response=sample["response"]),
            options.sampling,
            (options.seed, "judge", options.iteration),
            sample["sample"],
        )
        for sample in read_records(options.samples, SAMPLE)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
