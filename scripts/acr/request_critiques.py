"""Write the requests for critiques of the samples that lost to the current answer (RefineCoder, equation 9)."""

from argparse import ArgumentParser, Namespace

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST, SAMPLE
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import DATASET, RANKING
from refinement.methods.acr.refining import current_answer
from refinement.records.files import index_records, load_records, read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("ranking", help="JSONL: the ranking, from collect_comparisons")
    options.add_argument("--template", required=True, help="text with {instruction}, {response_1} and {response_2}")
    options.add_argument("--iteration", type=int, required=True, help="t")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    template = load_template(options.template, "instruction", "response_1", "response_2")
    dataset = index_records(load_records(options.dataset, DATASET), "id")
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    requests = (
        ask(
            ranking["id"],
            fill_template(
                template,
                instruction=dataset[ranking["id"]]["instruction"],
                response_1=samples[ranking["id"], ranking["best_self"]]["response"],
                response_2=current_answer(dataset[ranking["id"]]),
            ),
            options.sampling,
            (options.seed, "critic", options.iteration),
        )
        for ranking in read_records(options.ranking, RANKING)
        if ranking["winner"] == "original"
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
