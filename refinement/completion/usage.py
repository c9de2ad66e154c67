"""How many requests a run's responses answer, and the tokens of prompts and answers."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from refinement.records.errors import BadInput


class Usage(NamedTuple):
    """Sums over responses, further attempts included: requests, tokens of prompts, tokens of answers."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Usage") -> "Usage":  # type: ignore[override]
        return Usage(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def length_in(self) -> float:
        """Mean tokens of a prompt."""
        return self.tokens_in / self.requests

    @property
    def length_out(self) -> float:
        """Mean tokens of an answer."""
        return self.tokens_out / self.requests


def _usage_of(line: bytes, where: str) -> Usage:
    try:
        response = json.loads(line)["response"]
        usage = response["body"]["usage"] if response else {}
        return Usage(1, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{where}: not a response with its usage; remove the file, its step makes it again") from None


def read_usage(paths: Iterable[Path]) -> Usage:
    """The sum over files of responses. Raises BadInput, with file and line, for a line that is no response."""
    total = Usage()
    for path in paths:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                total += _usage_of(line, f"{path}:{number}")
    return total
