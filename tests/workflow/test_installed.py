"""Bare environments: the library by PYTHONPATH, as rules pass it on, and as a wheel that is all there is."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

from support.workflow import ROOT

PROGRAMS = [
    {"id": "runs", "mode": "run", "code": "assert sum(range(4)) == 6"},
    {"id": "raises", "mode": "run", "code": "raise ValueError('no')"},
    {
        "id": "calls",
        "mode": "call",
        "code": "def f(x):\n    return x + 1",
        "entry_point": "f",
        "tests": "assert f(1) == 2",
    },
    {"id": "wrong", "mode": "call", "code": "def f(x):\n    return x", "entry_point": "f", "tests": "assert f(1) == 2"},
]
VERDICTS = {"runs": "passed", "raises": "error", "calls": "passed", "wrong": "failed"}


def bare(folder):
    """The Python of a new virtual environment without any package, pip included."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin/python"


def run(command, folder, **variables):
    """Run a command in a folder with nothing in its environment that leads to this project."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    return subprocess.run([*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300)  # fmt: skip


def executed(command, folder, **variables):
    """The verdict on each program that a command executes."""
    (folder / "programs.jsonl").write_text("".join(json.dumps(program) + "\n" for program in PROGRAMS))
    done = run([*command, "programs.jsonl", "--output", "runs.jsonl"], folder, **variables)
    assert done.returncode == 0, done.stderr
    return {line["id"]: line["verdict"] for line in map(json.loads, (folder / "runs.jsonl").read_text().splitlines())}


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    python = bare(tmp_path_factory.mktemp("bare") / "environment")
    found = run([python, "-c", "import refinement"], python.parent)
    assert found.returncode == 1 and "No module named 'refinement'" in found.stderr
    return python


@pytest.mark.parametrize("command", [[ROOT / "scripts/engines/execute_programs.py"], ["-m", "refinement", "execute"]],
                         ids=["step", "command"])  # fmt: skip
def test_a_rule_s_own_environment_executes_programs(tmp_path, bare_python, command):
    # rules/common.smk exports the same PYTHONPATH to every step.
    assert executed([bare_python, *command], tmp_path, PYTHONPATH=str(ROOT)) == VERDICTS


def test_the_command_is_there_without_any_package(tmp_path, bare_python):
    for arguments, shown in ((["--help"], "  execute "), (["execute", "--help"], "usage: refinement execute [-h]")):
        found = run([bare_python, "-m", "refinement", *arguments], tmp_path, PYTHONPATH=str(ROOT))
        assert found.returncode == 0 and shown in found.stdout, found.stderr
    # Not by the name of the package: it is not installed, and on the package index that name is somebody else's.
    found = run([bare_python, "-m", "refinement", "leakage"], tmp_path, PYTHONPATH=str(ROOT))
    assert found.returncode == 1
    assert found.stderr == (
        f"error: refinement leakage: the package numpy is not installed: pip install '{ROOT}[leakage]'\n"
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the commands of an environment that has the project's wheel and nothing else."""
    if importlib.util.find_spec("pip") is None or importlib.util.find_spec("setuptools") is None:
        pytest.skip("a wheel is built by pip and setuptools; one of them is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "a clone"
    source.mkdir()
    for name in ("refinement", "scripts"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, source]
    built = run([*pip, *build], folder)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    python = bare(folder / "environment")
    done = run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], folder)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(source)
    return python.parent


def test_a_wheel_executes_programs_from_any_folder(tmp_path, installed):
    assert executed([installed / "refinement", "execute"], tmp_path) == VERDICTS


def test_a_wheel_has_every_command_with_the_digest_of_its_code(tmp_path, installed):
    shown = run([installed / "refinement", "--help"], tmp_path)
    assert shown.returncode == 0 and shown.stdout.count("\n  ") > 50
    assert shown.stdout == run([sys.executable, "-m", "refinement"], tmp_path, PYTHONPATH=str(ROOT)).stdout
    code = "from refinement.records.digest import code_digest as d; print(d('engines/execute_programs'), d('results/plan_run'))"
    theirs = run([installed / "python", "-c", code], tmp_path)
    ours = run([sys.executable, "-c", code], tmp_path, PYTHONPATH=str(ROOT))
    assert theirs.returncode == 0 and theirs.stdout == ours.stdout != ""


@pytest.mark.parametrize(
    ("command", "extra"),
    [("leakage", "leakage"), ("plan", "results"), ("train", "training"), ("prepare-benchmark", "benchmarks"), ("plot-kinds", "acr")],
)  # fmt: skip
def test_a_command_whose_extra_is_missing_names_it_in_one_line(tmp_path, installed, command, extra):
    found = run([installed / "refinement", command], tmp_path)
    assert found.returncode == 1 and found.stdout == ""
    assert found.stderr.startswith(f"error: refinement {command}: the package ")
    assert found.stderr.endswith(f" is not installed: pip install 'refinement[{extra}]'\n")
    assert found.stderr.count("\n") == 1


def test_an_extra_that_only_one_way_needs_is_named_when_that_way_is_taken(tmp_path, installed):
    request = {"custom_id": "a", "body": {"messages": [{"role": "user", "content": "x"}], "seed": 1}}
    (tmp_path / "requests.jsonl").write_text(json.dumps(request) + "\n")
    address = ["--base-url", "http://127.0.0.1:9/v1"]
    for backend, extra, more in (("endpoint", "completion", address), ("transformers", "training", [])):
        found = run([installed / "refinement", "complete", "requests.jsonl", "--output", "out.jsonl", "--model", "m",
                     "--backend", backend, *more], tmp_path)  # fmt: skip
        assert found.returncode == 1 and found.stderr.count("\n") == 1
        assert found.stderr.endswith(f" is not installed: pip install 'refinement[{extra}]'\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["requests.jsonl"]
