"""What every step shares: its command line and its end."""

import argparse
import gc
import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from refinement.records.errors import BadInput

# Imports make a million objects that stay; collecting among them every 700 took up to a fifth of a step's start.
gc.set_threshold(100_000, 50, 100)

BAD_INPUT = "error: "


def parser(description: str | None) -> argparse.ArgumentParser:
    """A step's parser; pass the step's own docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def json_value(text: str) -> Any:
    """An argument that is JSON, for settings which are mappings."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error.msg}") from None


def add_account(arguments: argparse.ArgumentParser, rejected: bool = True) -> None:
    """The options of a step that accounts for its records."""
    arguments.add_argument("--counts", required=True, help="JSON: records in, out, rejected by reason")
    if rejected:
        arguments.add_argument("--rejected", required=True, help="JSONL: the rejected records")


def add_request_options(arguments: argparse.ArgumentParser) -> None:
    """The options of a step that writes requests."""
    arguments.add_argument("--sampling", type=json_value, required=True, help="JSON: temperature, max_tokens, top_p")
    arguments.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    arguments.add_argument("--output", required=True, help="JSONL: requests")


def parse_part(text: str) -> tuple[int, int]:
    """A share I/N with 1 <= I <= N. Raises BadInput."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise BadInput(f"--shard {text}: must be I/N with 1 <= I <= N")
    return int(part), int(parts)


def _end(message: str) -> NoReturn:
    """End with one line; where torchrun started many processes, which all find the same fault, leave it to that."""
    told = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if told is None:
        sys.exit(BAD_INPUT + message)
    Path(told).write_text(json.dumps({"message": BAD_INPUT + message, "timestamp": int(time.time())}), encoding="utf-8")
    sys.exit(1)


def run_step(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse the command line and run a step; bad input ends in one line."""
    options = arguments.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names and texts may hold half characters
    try:
        main(options)
    except BadInput as error:
        _end(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _end(f"{error.filename}: {error.strerror}; name a place that can be read and written")
