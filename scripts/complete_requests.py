"""Answer a file of requests with a backend: every call of a language model.

Answers that cannot be read as --expect are asked again. A journal beside the
output keeps each answer as it arrives: after a kill, the same command goes on.
"""

import importlib
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator

from refinecoder.backends import load_backend
from refinecoder.batch import Backend, Journal, complete_batch, read_answer
from refinecoder.progress import Progress
from refinecoder.records import BadInput, Record, load_records, write_records
from refinecoder.steps import json_value, parse_part, parser, run

READERS = ("anything", "verbatim", "concepts", "evolution", "judgement", "comparison", "critique", "suggestion")


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("requests", help="JSONL: requests in OpenAI's batch format")
    options.add_argument("--output", required=True, help="JSONL: responses")
    options.add_argument("--backend", required=True, help="who answers: scripted or transformers")
    options.add_argument("--model", help="model for requests that name none")
    options.add_argument("--options", type=json_value, default={}, help="JSON: the backend's settings")
    options.add_argument("--expect", choices=READERS, default="anything", help="how an answer must be readable")
    options.add_argument("--attempts", type=int, default=1, help="how often a request is asked at most")
    options.add_argument(
        "--retry-temperature", type=float, default=0.7, help="temperature of further attempts, at least"
    )
    options.add_argument("--max-failed-share", type=float, default=1.0, help="share of requests that may fail for good")
    options.add_argument("--shard", default="1/1", help="I/N: answer the I-th of N parts")
    return options


def complete(
    options: Namespace, batches: list[list[Record]], backend: Backend, is_readable: Callable[[str], bool]
) -> Iterator[Record]:
    """Responses to all batches, further attempts included."""
    progress = Progress("requests", sum(map(len, batches)))
    with Journal(f"{options.output}.journal", backend.identify) as journal:
        for batch in batches:
            yield from complete_batch(batch, backend, journal, is_readable, options.attempts, options.retry_temperature)
            progress.advance(len(batch))


def check_failures(responses: list[Record], is_readable: Callable[[str], bool], limit: float) -> None:
    """Raise BadInput if more than ``limit`` of the requests have no readable answer in the end."""
    last = {response["custom_id"].rpartition(":")[0]: read_answer(response) for response in responses}
    reasons = Counter(
        answer.error or "unreadable" for answer in last.values() if answer.text is None or not is_readable(answer.text)
    )
    if last and reasons.total() / len(last) > limit:
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(3))
        raise BadInput(
            f"{reasons.total()} of {len(last)} requests have no readable answer ({told}), max_failed_share is {limit}; "
            "mend the template, or name another model"
        )


def main(options: Namespace) -> None:
    part, parts = parse_part(options.shard)
    reader = importlib.import_module(f"refinecoder.answers.{options.expect}").read
    backend = load_backend(options.backend, options.model, options.options)
    batches = backend.batches(load_records(options.requests, "request"))[part - 1 :: parts]
    responses = list(complete(options, batches, backend, lambda text: reader(text) is not None))
    check_failures(responses, lambda text: reader(text) is not None, options.max_failed_share)
    write_records(options.output, responses, "response")


if __name__ == "__main__":
    run(main, arguments())
