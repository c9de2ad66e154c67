"""What modes declare: fields of programs, integrity, and what follows from them."""

import pytest

from refinement.benchmarks.record_types import PROBLEM
from refinement.records import digest
from refinement.sandbox import jail, record_types
from refinement.sandbox.fields import INTEGRITIES, OUTSIDE
from refinement.sandbox.modes import MODES
from refinement.sandbox.record_types import EXECUTION, PROGRAM
from scripts.engines.execute_programs import arguments

DECLARED = [
    (mode, kind, field)
    for mode, module in MODES.items()
    for kind in ("ANSWER_FIELDS", "TEST_FIELDS")
    for field in getattr(module, kind)
]


def fields(record_type):
    names = [field.name for field in record_type.fields]
    assert len(set(names)) == len(names)
    return {field.name: field for field in record_type.fields}


@pytest.mark.parametrize(("mode", "kind", "field"), DECLARED, ids=lambda value: getattr(value, "name", value))
def test_a_program_has_the_fields_of_every_mode_and_a_problem_those_of_the_tests(mode, kind, field):
    found = fields(PROGRAM)[field.name]
    assert not found.required and set(field.types) <= set(found.types) and set(found.choices) <= set(field.choices)
    told = next(part for part in found.description.split("; ") if mode in part.partition(":")[0].split(", "))
    assert told.partition(": ")[2] == field.description
    assert (field.name in fields(PROBLEM)) == (kind == "TEST_FIELDS")


def test_fields_that_modes_share_are_told_apart_by_mode():
    found = fields(PROGRAM)
    assert found["entry_point"].description == "call, outputs: the function under test"
    assert (
        found["tests"].description.startswith("call: assert statements")
        and "; unittest: " in found["tests"].description
    )
    assert found["oracle"].choices == ("exact", "json", "evalplus")


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_declares_and_defines_what_the_registry_asks_of_it(mode):
    module = MODES[mode]
    assert module.INTEGRITY in INTEGRITIES and isinstance(module.PROCESSES, bool)
    assert (module.INTEGRITY == OUTSIDE) == (mode != "unittest")
    assert all(callable(getattr(module, name)) for name in ("check", "run_in_jail", "judge"))
    assert (mode in ("call", "outputs")) == hasattr(module, "run_tests")


def test_records_know_the_modes_and_their_integrity():
    assert tuple(MODES) == record_types.MODES == fields(PROGRAM)["mode"].choices == fields(EXECUTION)["mode"].choices
    assert fields(EXECUTION)["integrity"].choices == INTEGRITIES


def test_the_help_lists_the_fields_of_every_mode():
    text = arguments().format_help()
    for mode, _, field in DECLARED:
        line = next(line for line in text.splitlines() if line.startswith(f"  {mode:<9} "))
        assert (field.name if field.required else f"[{field.name}]") in line and MODES[mode].INTEGRITY in line


def test_a_jail_shows_all_of_the_package_that_its_server_imports_and_no_more():
    paths = {path.relative_to(digest.PROJECT / digest.PACKAGE) for path in digest._closure(
        [digest._module_path("refinement.sandbox.fork_server")]
    )}  # fmt: skip
    package = digest.PROJECT / digest.PACKAGE
    shown = {path.relative_to(package) for path in jail.visible() if path.is_relative_to(package)}
    needed = {path for path in paths if path.parts[0] != "sandbox"}
    assert needed <= shown
    assert {path.as_posix() for path in shown} == {
        "__init__.py", "records/__init__.py", "records/record_types.py", "running/__init__.py",
        "running/workflow_lock.py", "sandbox",
    }  # fmt: skip


def test_steps_that_read_programs_do_not_depend_on_the_code_that_executes_them():
    paths = digest._closure([digest._module_path("refinement.sandbox.record_types")])
    assert not any("modes" in path.parts for path in paths)
    executing = digest._closure([digest._module_path("engines/execute_programs")])
    assert {path.stem for path in executing if "modes" in path.parts} == {"__init__", *MODES}
