"""Benchmarks whose problems are given as such: the miniature's, and files of problems."""

from typing import Any

from refinement.answers.code import extract_code
from refinement.records.record_types import Record


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The response's Python blocks, as DESIGN's definition of "executable" reads them."""
    code = extract_code(response)
    return None if code is None else {"code": code}
