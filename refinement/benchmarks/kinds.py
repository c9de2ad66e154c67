"""Benchmarks: each kind is a module that reads its data into problems, and answers into programs.

A module has

``SETTINGS``: the keys of a benchmark's entry in config that it takes;
``FIELDS``: the fields of its prompt template, none where it needs no template;
``read_problems(lines, settings, template)``: problems (refinement/records/record_types.py)
from pairs of a place, for messages, and a record of the benchmark's data;
``read_answer(response, problem)``: what of a program line an answer gives,
None for an answer without code.
"""

from importlib import import_module
from types import ModuleType
from typing import Any

from refinement.records.record_types import Record

MODULES = {
    "miniature": "plain",
    "file": "plain",
    "humaneval": "evalplus",
    "humaneval_plus": "evalplus",
    "mbpp": "evalplus",
    "mbpp_plus": "evalplus",
    "bigcodebench": "bigcodebench",
    "livecodebench": "livecodebench",
    "multipl_e": "multipl_e",
}
PREPARED = tuple(kind for kind, module in MODULES.items() if module != "plain")


def module_name(kind: str) -> str:
    """The module of a kind of benchmark, by its full name."""
    return f"{__package__}.{MODULES[kind]}"


def module_of(kind: str) -> ModuleType:
    """The module of a kind of benchmark; imported when asked for, since some bring heavy libraries."""
    return import_module(module_name(kind))


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """What of a program line an answer to a problem gives; None if there is no code in it."""
    return module_of(problem.get("kind", "file")).read_answer(response, problem)
