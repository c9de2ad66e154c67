"""Benchmarks whose problems need no conversion: the miniature's benchmarks, and files of problems."""

from typing import Any

from refinement.answers.code import extract_code
from refinement.records.record_types import Record


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The Python program of the response; None if there is no code."""
    code = extract_code(response)
    return None if code is None else {"code": code}
