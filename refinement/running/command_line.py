"""What all steps share: how they read their command line, and how they end."""

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

# Imports make a million objects that stay alive. Python looks for garbage among them after every 700 new ones, which
# took up to a fifth of the time in which a step starts.
gc.set_threshold(100_000, 50, 100)

BAD_INPUT = "error: "


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of a step's docstring, and shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text, default = action.help or "", action.default
        if isinstance(default, (list, tuple)):
            default = " ".join(map(str, default))
        # A flag without values is off by default, and says nothing new; nor does an empty default.
        if action.nargs == 0 or default in (None, "", {}, argparse.SUPPRESS) or "%(default)" in text:
            return text
        return f"{text} (default: {str(default).replace('%', '%%')})"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make a step's parser; ``description`` is the step's own docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=_HelpFormatter)


def json_value(text: str) -> Any:
    """Read an argument that is JSON, as settings are that map names to values."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error.msg}") from None


class JoinObjects(argparse.Action):
    """An option whose values are JSON objects; where it is given more than once, they are joined, later keys winning.

    A rule gives what decides a result and what does not apart, since Snakemake
    compares only the first with those of the last time.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Join one more object."""
        if not isinstance(values, dict):
            raise BadInput(f"{option_string}: must be a JSON object")
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), **values})


def add_account(arguments: argparse.ArgumentParser, rejected: bool = True) -> None:
    """Add the options of a step that accounts for its records."""
    arguments.add_argument("--counts", required=True, help="JSON: how many records came in, went out and were rejected")
    if rejected:
        arguments.add_argument("--rejected", required=True, help="JSONL: the rejected records, each with its reason")


def add_request_options(arguments: argparse.ArgumentParser) -> None:
    """Add the options of a step that writes requests."""
    arguments.add_argument("--sampling", type=json_value, required=True, help="JSON: temperature, max_tokens, top_p")
    arguments.add_argument("--seed", type=int, required=True, help="the experiment's seed")
    arguments.add_argument("--output", required=True, help="JSONL: the requests")


def parse_part(text: str) -> tuple[int, int]:
    """Read a share I/N with 1 <= I <= N. Raises BadInput if it is none."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise BadInput(f"--shard {text}: must be I/N with 1 <= I <= N")
    return int(part), int(parts)


def _end(message: str) -> NoReturn:
    """End the process with a message of one line.

    Where torchrun started many processes, all of them find the same fault. They
    leave the message to torchrun, so that it appears once.
    """
    torchrun_file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if torchrun_file is None:
        sys.exit(BAD_INPUT + message)
    report = {"message": BAD_INPUT + message, "timestamp": int(time.time())}
    Path(torchrun_file).write_text(json.dumps(report), encoding="utf-8")
    sys.exit(1)


def run_step(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse the command line and call a step's ``main``; bad input ends the process with one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names and texts may hold half characters
    try:
        main(arguments.parse_args())
    except BadInput as error:
        _end(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _end(f"{error.filename}: {error.strerror}; name a file or folder that can be read and written")


def show_library(project: Path) -> None:
    """Tell the commands that this process starts where the library and the steps (``$STEPS``) lie.

    A rule's own environment finds the library by PYTHONPATH. By its variable,
    the steps' folder is no part of a rule's command or parameters, so that a
    clone that was moved makes nothing again.
    """
    os.environ["STEPS"] = str(project / "scripts")
    known = os.environ.get("PYTHONPATH", "")
    if str(project) not in known.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(project), known)))
