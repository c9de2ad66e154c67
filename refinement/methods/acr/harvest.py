"""Seed snippets: functions from real code, and the filters that they must pass.

The filters follow SelfCodeAlign (Wei et al. 2024a, section 2): a snippet is a whole function with a docstring,
at least one argument and a return value.
"""

import ast
import io
import json
import os
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from refinement.records.errors import BadInput
from refinement.records.record_types import Record

_NOT_LIBRARY = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages", "ensurepip"}
_TODO = ("todo", "fixme", "xxx:")


@dataclass(frozen=True)
class Filters:
    """The limits of a snippet; it must not use any of the ``forbidden_modules``."""

    max_lines: int
    max_characters: int
    forbidden_modules: tuple[str, ...]


def _functions(text: str, source: str) -> Iterator[Record]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    # Much faster than ast.get_source_segment, which splits the whole text again for each node.
    lines = io.StringIO(text, newline="").readlines()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            *before, last = lines[node.lineno - 1 : node.end_lineno]
            code = "".join(before) + last.encode()[: node.end_col_offset].decode()
            yield {"id": f"{source}.{node.name}.{node.lineno}", "source": f"{source}:{node.lineno}", "code": code}


def _python_files(root: Path, skip: set[str]) -> Iterator[Record]:
    found = []
    for folder, below, files in os.walk(root):
        below[:] = set(below) - skip
        found += [Path(folder, name) for name in files if name.endswith(".py")]
    for path in sorted(found):
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from _functions(text, ".".join(path.relative_to(root).with_suffix("").parts))


def _json_lines(path: Path) -> Iterator[Record]:
    with open(path, encoding="utf-8") as file:
        lines = list(file)
    for number, line in enumerate(lines, start=1):
        try:
            code = json.loads(line)["code"]
        except (json.JSONDecodeError, KeyError, TypeError):
            code = None
        if not isinstance(code, str):
            raise BadInput(f"{path}:{number}: not a JSON object with a text in the field 'code'; correct the line")
        yield {"id": f"{path.stem}.{number}", "source": f"{path.name}:{number}", "code": code}


def _hub_data_set(name: str, field: str) -> Iterator[Record]:
    from datasets import load_dataset  # slow to import, and only this source needs it

    for number, row in enumerate(load_dataset(name, split="train", streaming=True)):
        if field not in row:
            raise BadInput(f"hub data set {name}: no field '{field}'; it has {', '.join(row)}")
        yield {"id": f"{name}.{number}", "source": f"{name}:{number}", "code": row[field]}


def find_candidates(source: str) -> Iterator[Record]:
    """Yield the snippets of a source: ``stdlib``, a .py or .jsonl file, a folder, or ``hub:NAME:FIELD``.

    Each top-level function of a Python file is one snippet, and so is each record of a JSONL file or of a data set.

    Raises BadInput if the source does not exist.
    """
    if source == "stdlib":
        yield from _python_files(Path(sysconfig.get_paths()["stdlib"]), _NOT_LIBRARY)
    elif source.startswith("hub:"):
        name, _, field = source.removeprefix("hub:").rpartition(":")
        yield from _hub_data_set(name, field)
    elif (path := Path(source)).is_dir():
        yield from _python_files(path, set())
    elif path.suffix == ".jsonl" and path.is_file():
        yield from _json_lines(path)
    elif path.is_file():
        yield from _functions(path.read_text(encoding="utf-8", errors="replace"), path.stem)
    else:
        raise BadInput(f"snippets.source {source}: no such file or folder; name one, or 'stdlib', or hub:NAME:FIELD")


def _first_used(nodes: Sequence[ast.AST], modules: Sequence[str]) -> str | None:
    """The first of the modules that the code names or imports from."""
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return next((module for module in modules if module in names), None)


def find_fault(code: str, filters: Filters) -> tuple[str, str | None] | None:
    """The reason to reject a snippet and, for some reasons, a detail; None if the snippet passes all filters."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return "does_not_parse", None
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    if not functions:
        return "no_function", None
    function = functions[0]
    arguments = function.args
    if not ast.get_docstring(function):
        return "no_docstring", None
    if not (arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg):
        return "no_arguments", None
    if not any(isinstance(node, ast.Return) and node.value is not None for node in nodes):
        return "no_return", None
    if code.count("\n") >= filters.max_lines or len(code) > filters.max_characters:
        return "too_long", f"{code.count(chr(10)) + 1} lines, {len(code)} characters"
    if module := _first_used(nodes, filters.forbidden_modules):
        return "forbidden_import", module
    if word := next((word for word in _TODO if word in code.lower()), None):
        return "todo", word
    return None
