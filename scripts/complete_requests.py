"""Answer a file of requests with a backend: every call of a language model.

Answers that cannot be read as --expect are asked again. A journal beside the
output keeps each answer as it arrives: after a kill, the same command goes on.
"""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from refinecoder.backends import load_backend
from refinecoder.batch import Backend, Journal, complete_batch, read_answer
from refinecoder.progress import Progress
from refinecoder.records import BadInput, Record, load_records, write_records
from refinecoder.steps import json_value, parser, run

READERS = ("anything", "concepts", "evolution", "judgement", "comparison", "critique")


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


def select_batches(requests: list[Record], backend: Backend, shard: str) -> list[list[Record]]:
    """The batches of a shard. Raises BadInput for a shard that is none."""
    part, _, parts = shard.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise BadInput(f"--shard {shard}: must be I/N with 1 <= I <= N")
    return backend.batches(requests)[int(part) - 1 :: int(parts)]


def complete(options: Namespace, batches: list[list[Record]], backend: Backend) -> Iterator[Record]:
    """Responses to all batches, further attempts included."""
    reader = importlib.import_module(f"refinecoder.answers.{options.expect}").read
    progress = Progress("requests", sum(map(len, batches)))
    with Journal(f"{options.output}.journal", backend.identify) as journal:
        for batch in batches:
            yield from complete_batch(
                batch,
                backend,
                journal,
                lambda text: reader(text) is not None,
                options.attempts,
                options.retry_temperature,
            )
            progress.advance(len(batch))


def check_failures(responses: list[Record], asked: int, limit: float) -> None:
    """Raise BadInput if more than ``limit`` of the requests failed for good."""
    last = {response["custom_id"].rsplit(":", 1)[0]: read_answer(response).error for response in responses}
    errors = [error for error in last.values() if error]
    if asked and len(errors) / asked > limit:
        raise BadInput(
            f"{len(errors)} of {asked} requests failed, more than max_failed_share {limit}; the first: {errors[0]}"
        )


def main(options: Namespace) -> None:
    requests = load_records(options.requests, "request")
    backend = load_backend(options.backend, options.model, options.options)
    batches = select_batches(requests, backend, options.shard)
    responses = list(complete(options, batches, backend))
    check_failures(responses, sum(map(len, batches)), options.max_failed_share)
    write_records(options.output, responses, "response")


if __name__ == "__main__":
    run(main, arguments())
