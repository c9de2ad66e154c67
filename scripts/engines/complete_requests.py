"""Answer files of requests with a backend: every call of a language model.

Answers that cannot be read as --expect are asked again. A journal beside the
output keeps each answer as it arrives: after a kill, the same command goes on.

Several files of requests, each with an output of its own, share one model or server.

  python scripts/engines/complete_requests.py requests.jsonl --output responses.jsonl \\
      --backend endpoint --base-url http://127.0.0.1:8000/v1 --model NAME --concurrency 64
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

from refinement.answers.readers import load_reader
from refinement.completion.backends import CLASSES, load_backend
from refinement.completion.engine import Backend, Completion, Policy
from refinement.completion.journal import Journal
from refinement.completion.record_types import REQUEST, RESPONSE
from refinement.completion.requests import with_system
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile, check_unique, write_records
from refinement.records.progress import Progress
from refinement.records.record_types import Record
from refinement.running.command_line import json_value, parse_part, parser, run_step

SHORTCUTS = ("base_url", "key_variable", "concurrency", "command", "responses")


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("requests", nargs="+", help="JSONL: requests in OpenAI's batch format")
    options.add_argument("--output", nargs="+", required=True, help="JSONL: responses, a file for each of requests")
    options.add_argument("--backend", required=True, help=f"who answers: {', '.join(CLASSES)}")
    options.add_argument("--model", help="model for requests that name none")
    options.add_argument("--system", help="system message before each chat")
    options.add_argument("--options", type=json_value, default={}, help="JSON: the backend's settings (docs/roles.md)")
    options.add_argument("--base-url", help="endpoint: where the server answers")
    options.add_argument("--key-variable", help="endpoint: environment variable that holds the key")
    options.add_argument("--concurrency", type=int, help="endpoint, server: requests in flight")
    options.add_argument("--command", help="server: what starts it, with {model} and {port}")
    options.add_argument("--responses", nargs="+", help="replay: JSONL: responses of an earlier run")
    options.add_argument(
        "--expect",
        default="anything",
        help="reader that must accept an answer: verbatim, anything, or a method's own (METHOD.NAME)",
    )
    options.add_argument("--attempts", type=int, default=1, help="how often a request is asked at most")
    options.add_argument(
        "--retry-temperature", type=float, default=0.7, help="temperature of further attempts, at least"
    )
    options.add_argument("--max-failed-share", type=float, default=1.0, help="share of requests that may fail for good")
    options.add_argument("--shard", default="1/1", help="I/N: answer the I-th of N parts")
    return options


def backend_options(options: Namespace) -> dict[str, Any]:
    """The backend's settings: --options, and what has an option of its own."""
    named = {name: value for name in SHORTCUTS if (value := getattr(options, name)) is not None}
    if not isinstance(options.options, dict):
        raise BadInput("--options: must be a JSON object")
    own = {"log": f"{options.output[0]}.server.log"} if options.backend == "server" else {}
    return {**own, **options.options, **named}


def responses(path: str, options: Namespace, backend: Backend, policy: Policy, journal: Journal) -> Iterator[Record]:
    """Responses to one share of a file of requests, further attempts included."""
    part, parts = parse_part(options.shard)
    requests = RecordFile(path, REQUEST, change=partial(with_system, system=options.system))
    batches = backend.batches(check_unique(requests, "custom_id"), part, parts)
    progress = Progress("requests", sum(map(len, batches)))
    yield from Completion(batches, policy, progress.advance).run(backend, journal)


def check(options: Namespace) -> None:
    """Raise BadInput for arguments that do not fit each other."""
    if options.attempts < 1:
        raise BadInput(f"--attempts {options.attempts}: must be at least 1")
    if len(set(options.output)) != len(options.requests):
        raise BadInput(
            f"--output: {len(set(options.output))} files for {len(options.requests)} of requests; name as many"
        )


def main(options: Namespace) -> None:
    check(options)
    reader = load_reader(options.expect)
    policy = Policy(
        lambda text: reader(text) is not None, options.attempts, options.retry_temperature, options.max_failed_share
    )
    with closing(load_backend(options.backend, options.model, backend_options(options))) as backend:
        for path, output in zip(options.requests, options.output, strict=True):
            with Journal(f"{output}.journal", backend.identify) as journal:
                write_records(output, responses(path, options, backend, policy, journal), RESPONSE)


if __name__ == "__main__":
    run_step(main, arguments())
