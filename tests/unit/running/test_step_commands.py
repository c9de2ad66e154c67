"""The command refinement reaches every step, and its extras bring what each step imports."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache

import pytest

from refinement.records import digest
from refinement.running import step_commands
from refinement.running.command_line import parser
from support.workflow import ROOT, environment

STEPS = sorted((ROOT / "scripts").glob("*/*.py"))
NO_EXTRA = {"evalplus", "bigcodebench"}  # requirements-no-deps.txt says why


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env={**environment(), "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=120)  # fmt: skip


def refinement(*arguments):
    return python("-m", "refinement", *arguments)


def lock():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return {step_commands._normal(line.partition("==")[0]) for line in lines if not line.startswith("#")}


def test_every_step_is_reachable_by_one_command():
    assert sorted(step_commands.find_commands().values()) == STEPS
    assert set(step_commands.SHORT_NAMES) <= {path.stem for path in STEPS}


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_every_step_has_the_functions_that_the_command_calls(path):
    tree = ast.parse(path.read_text())
    assert {"arguments", "main"} <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_overview_has_one_line_on_each_command():
    for arguments in ([], ["--help"], ["-h"]):
        shown = refinement(*arguments)
        assert shown.returncode == 0 and shown.stderr == ""
        lines = [line for line in shown.stdout.splitlines() if line.startswith("  ")]
        listed = dict(line.split(maxsplit=1) for line in lines if not line.lstrip().startswith("refinement "))
        assert set(listed) == set(step_commands.find_commands())
        assert listed["execute"] == ast.get_docstring(ast.parse((ROOT / "scripts/engines/execute_programs.py").read_text())
                                                      ).splitlines()[0]  # fmt: skip


def test_the_version_is_the_project_s():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert refinement("--version").stdout == f"refinement {project['version']}\n"
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()


def test_a_command_s_help_is_its_step_s_with_the_command_s_name():
    found = refinement("execute", "--help").stdout
    script = python("scripts/engines/execute_programs.py", "--help").stdout
    assert found.startswith("usage: refinement execute [-h]")
    assert found.partition("\n\n")[2] == script.partition("\n\n")[2]
    assert "seconds of CPU for programs that set no timeout (default: 4.0)" in " ".join(found.split())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("exceute", "did you mean 'execute'?"),
        ("execute_programs", "did you mean 'execute'?"),
        ("score_benchmark", "did you mean 'score-benchmark'?"),
        ("zzz", "refinement --help lists the commands"),
    ],
)
def test_an_unknown_command_is_one_line(name, hint):
    run = refinement(name, "--output", "x")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"error: refinement has no command '{name}'; {hint}\n"


def test_bad_input_is_one_line(tmp_path):
    run = refinement("execute", str(tmp_path / "none"), "--output", str(tmp_path / "out"))
    assert run.returncode == 1 and run.stderr.startswith(f"error: {tmp_path}/none: no such file")
    assert run.stderr.count("\n") == 1


def test_help_shows_each_default_once_and_keeps_the_layout():
    options = parser("First line.\n\n  indented\n    more")
    options.add_argument("--number", type=int, default=0, help="a number")
    options.add_argument("--several", nargs="*", default=["a", "b"], help="several")
    options.add_argument("--percent", default="5%", help="a share")
    options.add_argument("--told", default=3, help="with %(default)s in it")
    options.add_argument("--none", help="no default")
    options.add_argument("--empty", nargs="*", default=[], help="an empty one")
    options.add_argument("--mapping", default={}, help="an empty mapping")
    options.add_argument("--blank", nargs="*", default=[""], help="an empty text")
    options.add_argument("--flag", action="store_true", help="a flag")
    shown = options.format_help()
    assert "First line.\n\n  indented\n    more\n" in shown
    assert "a number (default: 0)" in shown and "several (default: a b)" in shown.replace("\n", " ")
    assert "a share (default: 5%)" in shown and "with 3 in it\n" in shown
    assert shown.count("(default:") == 3


def test_every_option_with_a_default_has_a_help_text_to_show_it_in():
    for path in STEPS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                shown = given.get("default", "None") not in ("None", "[]", "{}", "''")
                assert "help" in given or not shown, f"{path.name}:{node.lineno}"


# Extras.


@cache
def imports(path, lazy):
    """Names that a module imports: all of them, or those of its outermost statements alone."""
    tree = ast.parse(path.read_text())
    names = []
    for node in ast.walk(tree) if lazy else tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def foreign(names):
    """The packages of modules that are neither the project's nor Python's."""
    roots = {name.partition(".")[0] for name in names} - {"refinement", *sys.stdlib_module_names}
    return {step_commands._PACKAGES.get(root, step_commands._normal(root)) for root in roots}


def needed_at_start(path):
    """The packages without which a step does not start."""
    seen, waiting, found = set(), [path], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        names = imports(path, lazy=False)
        found |= foreign(names)
        own = [digest._module_path(name) for name in names if name.partition(".")[0] == "refinement"]
        waiting += filter(None, own)
    return found


def test_each_extra_names_packages_of_the_lock_without_versions():
    required = step_commands._requirements()
    for extra, names in step_commands.find_extras().items():
        assert names <= lock(), f"{extra}: {sorted(names - lock())}"
        assert all(re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?", line) for line in required[extra]), extra
    everything = step_commands.find_extras()
    assert everything["all"] == set().union(*everything.values()) and everything["sandbox"] == set()


def test_only_training_brings_torch():
    assert [e for e, names in step_commands.find_extras().items() if "torch" in names] == [
        "training",
        "miniature",
        "all",
    ]


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_the_extra_that_is_named_brings_all_that_a_step_needs_to_start(path):
    needed, extras = needed_at_start(path), step_commands.find_extras()
    named = {re.search(r"\[(\w+)\]", step_commands.explain_missing(p, path.parent.name)).group(1) for p in needed}
    assert len(named) <= 1, f"{path.stem}: one after another, {sorted(named)}"
    assert all(needed <= extras[extra] for extra in named)


def test_what_the_project_imports_is_in_some_extra():
    known = set().union(*step_commands.find_extras().values()) | NO_EXTRA
    for path in [*STEPS, *(ROOT / "refinement").rglob("*.py")]:
        assert foreign(imports(path, lazy=True)) <= known, path


def test_programs_are_executed_by_the_standard_library_alone():
    assert needed_at_start(ROOT / "scripts/engines/execute_programs.py") == set()


def test_a_package_that_no_extra_brings_is_named_itself():
    for package in NO_EXTRA:
        assert step_commands.explain_missing(package, "benchmarks").endswith(f"pip install --no-deps {package}")


def test_extras_read_from_an_installed_wheel_are_those_of_the_project(tmp_path, monkeypatch):
    expected, metadata = step_commands.find_extras(), tmp_path / "refinement-0.dist-info/METADATA"
    metadata.parent.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: refinement", "Version: 0"]
    for extra, names in step_commands._requirements().items():
        lines += [f"Provides-Extra: {extra}", *(f'Requires-Dist: {name}; extra == "{extra}"' for name in names)]
    metadata.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(step_commands, "PROJECT", tmp_path)
    assert step_commands.find_extras() == expected and step_commands.version() == "0"


def test_an_error_s_cause_is_looked_for_and_own_modules_are_no_missing_package():
    try:
        try:
            raise ModuleNotFoundError("no", name="tabulate.core")
        except ImportError as cause:
            raise ImportError("missing optional dependency") from cause
    except ImportError as error:
        assert step_commands._missing_module(error) == "tabulate"
    for name in ("refinement.none", "json.none", None):
        assert step_commands._missing_module(ModuleNotFoundError("no", name=name)) is None
    assert step_commands._missing_module(ImportError("cannot import name")) is None
