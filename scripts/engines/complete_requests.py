"""Answer files of requests by a backend. Every call of a language model is made here.

A request whose answer the reader --expect refuses is asked again. A journal
beside the output keeps each answer from the moment it arrives: after a kill,
the same command asks only the rest.

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
from refinement.completion import backends
from refinement.completion.engine import Backend, Completion, Policy
from refinement.completion.journal import Journal
from refinement.completion.options import Option
from refinement.completion.record_types import REQUEST, RESPONSE
from refinement.completion.requests import with_system
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile, check_unique, write_records
from refinement.records.progress import Progress
from refinement.records.record_types import Record
from refinement.running.command_line import JoinObjects, json_value, parse_part, parser, run_step


def add_option(options: ArgumentParser, option: Option, text: str) -> None:
    """An argument for one option of a backend; ``text``: its help."""
    kind = {"integer": {"type": int}, "number": {"type": float}, "array": {"nargs": "+"}}
    name = f"--{option.name.replace('_', '-')}"
    options.add_argument(name, help=text, **kind.get(str(option.schema["type"]), {}))


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.epilog = backends.options_help()
    options.add_argument("requests", nargs="+", help="JSONL: requests in OpenAI's batch format")
    options.add_argument("--output", nargs="+", required=True, help="JSONL: responses, a file for each of requests")
    options.add_argument("--backend", required=True, help=f"who answers: {', '.join(backends.names())}")
    options.add_argument("--model", help="model for requests that name none")
    options.add_argument("--system", help="system message before each chat")
    options.add_argument(
        "--options", type=json_value, action=JoinObjects, default={}, help="JSON: the backend's options, listed below"
    )
    for option, text in backends.argument_options():
        add_option(options, option, text)
    options.add_argument(
        "--expect",
        default="anything",
        help="reader that must accept an answer: verbatim, anything, or METHOD.NAME for a method's own",
    )
    options.add_argument("--attempts", type=int, default=1, help="how often a request is asked, at most")
    options.add_argument(
        "--retry-temperature", type=float, default=0.7, help="temperature of further attempts, at least"
    )
    options.add_argument("--max-failed-share", type=float, default=1.0, help="share of requests that may fail for good")
    options.add_argument("--shard", default="1/1", help="I/N: answer the I-th of N parts")
    return options


def backend_options(options: Namespace) -> dict[str, Any]:
    """The backend's options: those of --options, and over them those given by arguments of their own."""
    own = {option.name: getattr(options, option.name) for option, _ in backends.argument_options()}
    named = {name: value for name, value in own.items() if value is not None}
    log = {"log": f"{options.output[0]}.server.log"} if options.backend == "server" else {}
    return {**log, **options.options, **named}


def responses(path: str, options: Namespace, backend: Backend, policy: Policy, journal: Journal) -> Iterator[Record]:
    """Responses to one share of a file of requests, further attempts included."""
    part, parts = parse_part(options.shard)
    requests = RecordFile(path, REQUEST, change=partial(with_system, system=options.system))
    batches = backend.batches(check_unique(requests, "custom_id"), part, parts)
    progress = Progress("requests", sum(map(len, batches)))
    yield from Completion(batches, policy, progress.advance).run(backend, journal)


def check(options: Namespace) -> None:
    """Raise BadInput for arguments that cannot be meant, before a backend is loaded."""
    parse_part(options.shard)
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
    with closing(backends.load_backend(options.backend, options.model, backend_options(options))) as backend:
        for path, output in zip(options.requests, options.output, strict=True):
            with Journal(f"{output}.journal", backend.identify) as journal:
                write_records(output, responses(path, options, backend, policy, journal), RESPONSE)


if __name__ == "__main__":
    run_step(main, arguments())
