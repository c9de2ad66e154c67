"""Digest the code that a step's results depend on, without its comments and docstrings.

In a clone the steps lie in scripts/{area}/; an installed wheel has them in
refinement/steps/{area}/. The digest of the same code is the same in both.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "refinement"
PROJECT = Path(__file__).parents[2]


def _strip_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


def steps_folder() -> Path:
    """Return the folder that has a folder of steps for each area."""
    installed = PROJECT / PACKAGE / "steps"
    return installed if installed.is_dir() else PROJECT / "scripts"


def _module_path(name: str) -> Path | None:
    if name.partition(".")[0] == PACKAGE:
        base = PROJECT.joinpath(*name.split("."))
    else:
        base = steps_folder().joinpath(*name.split("/"))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _read(path: Path) -> tuple[str, tuple[Path, ...]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    own = [_module_path(name) for name in _imported(tree) if name.partition(".")[0] == PACKAGE]
    digest = hashlib.blake2b(ast.dump(_strip_docstrings(tree)).encode(), digest_size=16).hexdigest()
    return digest, tuple(path for path in own if path)


def _closure(paths: Iterable[Path]) -> set[Path]:
    seen: set[Path] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_read(path)[1])
    return seen


def _find(name: str) -> Path:
    path = _module_path(name)
    if path is None:
        raise FileNotFoundError(f"no step or module {name} below {PROJECT}")
    return path


def file_digest(name: str) -> str:
    """Digest one module alone, without what it imports."""
    return _read(_find(name))[0]


def _label(path: Path) -> str:
    steps = steps_folder()
    return f"scripts/{path.relative_to(steps)}" if path.is_relative_to(steps) else str(path.relative_to(PROJECT))


def code_digest(*names: str) -> str:
    """Digest steps (``area/verb_noun``) or modules (``refinement.x``) and all the project's code that they import.

    Raises FileNotFoundError for a name that is neither.
    """
    parts = sorted((_label(path), _read(path)[0]) for path in _closure(map(_find, names)))
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
