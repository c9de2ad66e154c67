"""The house: digests, pins, docs and steps agree with each other."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from refinement.experiment.configuration import complete_config
from refinement.experiment.experiment import Experiment
from refinement.experiment.method import method_names
from refinement.records import digest

STEPS = sorted(Path("scripts").glob("*/*.py"))
LOCK = dict(
    line.split("==") for line in Path("requirements.txt").read_text().splitlines() if line and not line.startswith("#")
)


@pytest.mark.parametrize("step", STEPS, ids=lambda path: path.stem)
def test_every_step_is_a_command_with_help(step):
    assert re.fullmatch(r"[a-z]+_[a-z_]+", step.stem)
    found = subprocess.run([sys.executable, step, "--help"], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0 and any(
        option in found.stdout for option in ("--output", "--csv", "--summary", "--devices")
    )


def test_every_step_is_used_by_a_rule_with_the_digest_of_its_code():
    rules = "".join(path.read_text() for path in Path("rules").rglob("*.smk"))
    starter = Path("refinement/experiment/training.py").read_text()  # writes the command line of several processes
    project = Path.cwd()
    results = {
        result.step
        for method in method_names()
        for result in Experiment(complete_config({"method": method}, project), project).declared_results
    }
    around = ("complete_requests", "launch_processes", "hold_gpus")  # which run others, or whose code a role decides
    for step in STEPS:
        name = f"{step.parent.name}/{step.stem}"
        # A table's or figure's step is named by its entry; import_samples is for users' own files, which no config names.
        if name in results or step.stem == "import_samples":
            continue
        assert f"$STEPS/{name}.py" in rules or f'"{name}"' in rules or f"/{name}.py" in starter
        digests = (f'{digest}("{name}"' for digest in ("code_digest", "reading_code"))
        assert any(digest in rules for digest in digests) or step.stem in around, name


def test_environments_pin_what_the_lock_pins():
    for path in Path("envs").glob("*.yaml"):
        environment = yaml.safe_load(path.read_text())
        pins = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
        assert pins
        for pin in pins:
            name, version = pin.split("==")
            assert LOCK[name] == version, f"{path}: {pin}"


def test_what_is_installed_without_dependencies_is_pinned_alike():
    lines = Path("requirements-no-deps.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    script = Path("envs/default.post-deploy.sh").read_text()
    assert pins and re.findall(r"\S+==\S+", script) == pins
    for pin in pins:
        name, version = pin.split("==")
        assert importlib.metadata.version(name) == version


def test_the_lock_holds_every_requirement():
    for line in Path("requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            name = name.partition("[")[0]
            assert name.lower() in {known.lower() for known in LOCK} and (not version or LOCK[name] == version)


def test_the_docs_are_up_to_date():
    for name in ("records", "config", "results"):
        made = subprocess.run(
            [sys.executable, "docs/make_reference.py", name], capture_output=True, text=True, check=True
        )
        assert made.stdout == Path(f"docs/{name}.md").read_text(), "run: make docs"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules and a step, for the digest to look at."""
    (tmp_path / "refinement").mkdir()
    (tmp_path / "refinement" / "a.py").write_text("from refinement import b\n")
    (tmp_path / "refinement" / "b.py").write_text("def f():\n    return 1\n")
    (tmp_path / "refinement" / "c.py").write_text("x = 1\n")
    (tmp_path / "scripts" / "area").mkdir(parents=True)
    (tmp_path / "scripts" / "area" / "do_it.py").write_text('"""Doc."""\nfrom refinement.a import b\n')
    monkeypatch.setattr(digest, "PROJECT", tmp_path)
    digest._read.cache_clear()
    yield tmp_path
    digest._read.cache_clear()


def changed(package, name, text):
    before = digest.code_digest("area/do_it")
    (package / name).write_text(text)
    digest._read.cache_clear()
    return digest.code_digest("area/do_it") != before


def test_a_digest_follows_imports_and_nothing_else(package):
    assert changed(package, "refinement/b.py", "def f():\n    return 2\n")
    assert changed(package, "scripts/area/do_it.py", "from refinement.a import b\nb.f()\n")
    assert not changed(package, "refinement/c.py", "x = 2\n")


def test_a_digest_ignores_comments_docstrings_and_layout(package):
    assert not changed(package, "refinement/b.py", '"""New."""\n\n\ndef f():\n    """Doc."""\n    return (1)  # one\n')


def test_the_judge_is_not_part_of_what_the_student_answers_with():
    assert digest.code_digest("engines/complete_requests") != digest.code_digest(
        "engines/complete_requests", "refinement.miniature.lists.judge"
    )
    paths = digest._closure(
        [
            digest._module_path("engines/complete_requests"),
            digest._module_path("refinement.completion.backends.transformers"),
        ]
    )
    assert not any("miniature" in path.parts for path in paths)


def test_an_unknown_step_has_no_digest():
    with pytest.raises(FileNotFoundError, match="no_such_step"):
        digest.code_digest("no_such_step")


def test_no_path_of_one_machine_stands_in_the_project():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split()
    pattern = re.compile(r"/(?:root|home/\w+|work)/")
    for name in listed:
        if (
            Path(name).is_file()
            and Path(name).suffix in {".py", ".smk", ".yaml", ".md", ".txt", ".toml", ""}
            and name != "tests/unit/test_house.py"
        ):
            assert not pattern.search(Path(name).read_text(encoding="utf-8")), name
