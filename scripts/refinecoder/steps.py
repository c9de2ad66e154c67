"""What every step shares: its command line, its end, and who it dies with."""

import argparse
import ctypes
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from refinecoder.records import BadInput

RUN_VARIABLE = "REFINECODER_RUN_PID"
_PR_SET_PDEATHSIG = 1


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


def _die_when_gone(pid: int) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        os._exit(1)
    select.select([handle], [], [])
    os._exit(1)


def die_with_workflow() -> None:
    """End this process as soon as the workflow that started it is gone.

    A killed Snakemake leaves its shells behind; without this they would go on
    writing into the next run. Outside a workflow nothing happens.
    """
    pid = os.environ.get(RUN_VARIABLE)
    if pid and hasattr(os, "pidfd_open"):
        threading.Thread(target=_die_when_gone, args=(int(pid),), daemon=True).start()


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (Linux)."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse the command line and run a step; bad input ends in one line."""
    options = arguments.parse_args()
    die_with_workflow()
    try:
        main(options)
    except BadInput as error:
        sys.exit(f"error: {error}")
