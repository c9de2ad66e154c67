"""The command ``refinement``: every step of the workflow under a name of its own.

``refinement execute ...`` calls the same functions with the same options as
``python scripts/engines/execute_programs.py ...`` in a clone. The list of
commands is made from the files of the steps.
"""

import ast
import difflib
import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from refinement.records.digest import PACKAGE, PROJECT, steps_folder
from refinement.running.command_line import BAD_INPUT, run_step

# The steps that people use by themselves. Every other step's command is its name, with hyphens.
SHORT_NAMES = {
    "audit_tables": "audit",
    "complete_requests": "complete",
    "execute_programs": "execute",
    "harvest_snippets": "harvest",
    "measure_leakage": "leakage",
    "plan_run": "plan",
    "train_model": "train",
}
# Modules that are not named like the package that brings them.
_PACKAGES = {"yaml": "pyyaml"}
_USAGE = """usage: refinement COMMAND [OPTIONS]
       refinement COMMAND --help
       refinement --version

Every command is a step of the workflow. COMMAND --help lists its options.
"""


def find_commands() -> dict[str, Path]:
    """Map each command to the file of its step."""
    paths = sorted(steps_folder().glob("*/[a-z]*.py"))
    return {SHORT_NAMES.get(path.stem, path.stem.replace("_", "-")): path for path in paths}


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def overview() -> str:
    """List all commands by the area of their steps, with one line on each."""
    commands, lines = find_commands(), [_USAGE]
    width, area = max(map(len, commands)), None
    for name, path in commands.items():
        if path.parent.name != area:
            area = path.parent.name
            lines += ([""] if len(lines) > 1 else []) + [f"{area}:"]
        lines.append(f"  {name:{width}}  {_first_line(path)}")
    return "\n".join(lines)


def _project_file() -> Path | None:
    """Return a clone's pyproject.toml, or None where the package was installed from a wheel."""
    path = PROJECT / "pyproject.toml"
    return path if path.is_file() else None


def version() -> str:
    """Return the version of this code."""
    path = _project_file()
    if path:
        return tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"]
    return importlib.metadata.version(PACKAGE)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements() -> dict[str, list[str]]:
    """Return what each extra requires, as it is declared, without markers."""
    path = _project_file()
    if path:
        return tomllib.loads(path.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    metadata = importlib.metadata.metadata(PACKAGE)
    found: dict[str, list[str]] = {extra: [] for extra in metadata.get_all("Provides-Extra", [])}
    for line in metadata.get_all("Requires-Dist", []):
        requirement, _, marker = line.partition(";")
        for extra in re.findall(r"extra == [\"']([^\"']+)", marker):
            found[extra].append(requirement.strip())
    return found


def find_extras() -> dict[str, set[str]]:
    """Map each extra to the names of all packages that it brings, those of the extras that it includes too."""
    required = _requirements()

    def names(extra: str) -> Iterator[str]:
        for requirement in required[extra]:
            name, included = re.match(r"([\w.-]+)(?:\[([^]]*)\])?", requirement).groups()
            if name == PACKAGE:
                for other in re.split(r"\s*,\s*", included):
                    yield from names(other)
            else:
                yield _normal(name)

    return {extra: set(names(extra)) for extra in required}


def explain_missing(module: str, area: str) -> str:
    """Say which package a step of an area misses, and how to install it."""
    package = _PACKAGES.get(module, _normal(module))
    extras = find_extras()
    holding = [extra for extra, names in extras.items() if package in names]
    if not holding:
        return f"the package {package} is not installed, and no extra brings it: pip install --no-deps {package}"
    extra = area if area in holding else holding[0]
    # In a clone by its folder: on the package index the name may be somebody else's.
    source = PROJECT if _project_file() else PACKAGE
    return f"the package {package} is not installed: pip install '{source}[{extra}]'"


def _missing_module(error: BaseException | None) -> str | None:
    """Return the top-level name of a foreign module whose absence is the cause of an error."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            module = error.name.partition(".")[0]
            return None if module == PACKAGE or module in sys.stdlib_module_names else module
        error = error.__cause__ or error.__context__
    return None


def _refuse(name: str, commands: dict[str, Path]) -> NoReturn:
    known = {path.stem.replace("_", "-"): command for command, path in commands.items()}
    known |= {command: command for command in commands}
    near = difflib.get_close_matches(name.replace("_", "-"), known, n=1)
    hint = f"did you mean '{known[near[0]]}'?" if near else "refinement --help lists the commands"
    print(f"{BAD_INPUT}refinement has no command '{name}'; {hint}", file=sys.stderr)
    sys.exit(2)


def load_step(path: Path) -> ModuleType:
    """Import the file of a step."""
    name = f"{PACKAGE}.steps.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str] | None = None) -> None:
    """Call the step that the first argument names, with the other arguments as its command line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview())
        return
    if arguments[0] == "--version":
        print(f"refinement {version()}")
        return
    name, *options = arguments
    commands = find_commands()
    if name not in commands:
        _refuse(name, commands)
    path = commands[name]
    sys.argv = [f"{PACKAGE} {name}", *options]  # the usage line begins with the first of them
    try:
        step = load_step(path)
        run_step(step.main, step.arguments())
    except ImportError as error:
        module = _missing_module(error)
        if module is None:
            raise
        sys.exit(f"{BAD_INPUT}refinement {name}: {explain_missing(module, path.parent.name)}")
