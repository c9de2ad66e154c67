"""Kinds of benchmarks: each kind has a module that converts its data into problems, and answers into programs.

A module defines

``SETTINGS``: the keys of a benchmark's config entry that it accepts;
``FIELDS``: the fields of its prompt template, empty if it needs no template;
``read_problems(lines, settings, template)``: yields problems
    (refinement/benchmarks/record_types.py) from pairs of a location, for error
    messages, and a record of the benchmark's data;
``read_answer(response, problem)``: returns the fields of a program record that an
    answer provides, or None for an answer without code.
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
    """The full name of the module of a kind of benchmark."""
    return f"{__package__}.{MODULES[kind]}"


def load_module(kind: str) -> ModuleType:
    """The module of a kind of benchmark, imported on demand because some import heavy libraries."""
    return import_module(module_name(kind))


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The fields of a program record that an answer to a problem provides; None if it has no code."""
    return load_module(problem.get("kind", "file")).read_answer(response, problem)
