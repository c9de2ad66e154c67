"""Write the requests to compare the best self-generated answer with the current one (RefineCoder, equation 6)."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST, SAMPLE
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import BEST, DATASET
from refinement.methods.acr.refining import current_answer
from refinement.methods.acr.stages import SELF_FIRST, comparison_orders
from refinement.records.files import index_records, load_records, read_records, write_records
from refinement.records.record_types import Record
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("samples", help="JSONL: the samples")
    options.add_argument("best", help="JSONL: the best samples, from select_best")
    options.add_argument("--template", required=True, help="text with {instruction}, {response_a} and {response_b}")
    options.add_argument(
        "--order",
        choices=("coin", "both"),
        required=True,
        help="ask once, in a random order that the record's id decides, or in both orders",
    )
    options.add_argument("--iteration", type=int, required=True, help="t")
    add_request_options(options)
    return options


def pairs(
    options: Namespace, dataset: Mapping[str, Record], samples: Mapping[tuple[str, int], Record]
) -> Iterator[tuple[str, int, str, str]]:
    """Yield (id, order, answer A, answer B) for each comparison."""
    for record in read_records(options.best, BEST):
        name, chosen = record["id"], record["best_self"]
        if chosen is None:
            continue
        own, original = samples[name, chosen]["response"], current_answer(dataset[name])
        for order in comparison_orders(name, options.order, options.seed):
            yield name, order, *((own, original) if order == SELF_FIRST else (original, own))


def main(options: Namespace) -> None:
    template = load_template(options.template, "instruction", "response_a", "response_b")
    dataset = index_records(load_records(options.dataset, DATASET), "id")
    samples = index_records(load_records(options.samples, SAMPLE), "id", "sample")
    requests = (
        ask(
            name,
            fill_template(template, instruction=dataset[name]["instruction"], response_a=a, response_b=b),
            options.sampling,
            (options.seed, "pair judge", options.iteration),
            order,
        )
        for name, order, a, b in pairs(options, dataset, samples)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
