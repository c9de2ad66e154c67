"""Programs of answers: each distinct program is written and executed once, and found again
for every answer that has it.

Samples of one model are often identical, so this saves most executions. A program's id
is therefore a digest of its text and its problem, not the name of an answer.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from refinement.answers.code import extract_code
from refinement.benchmarks.kinds import read_answer
from refinement.records.errors import BadInput
from refinement.records.files import to_line
from refinement.records.record_types import Record
from refinement.sandbox.record_types import TESTED

PROBLEM_FIELDS = ("mode", *(field.name for field in TESTED))  # what a program takes from its problem


def program_id(text: str, problem: str = "") -> str:
    """The id of a program; ``problem`` is the problem whose tests it is executed with, if there are any."""
    return f"{problem}#{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def standalone_program(response: str) -> Record | None:
    """The program of an answer, to be executed without tests (mode ``run``); None for an answer without code."""
    code = extract_code(response)
    return None if code is None else {"id": program_id(code), "mode": "run", "code": code}


def answer_program(response: str, problem: Record, whole: bool = False) -> Record | None:
    """The program of an answer, to be executed with a problem's tests; None for an answer without code.

    ``whole``: the answer is the program, and is not searched for code.

    Raises BadInput if ``whole`` is impossible because the benchmark's programs contain
    their tests.
    """
    if whole and problem.get("mode") == "command":
        raise BadInput(f"{problem['id']}: its programs are made of answers and tests; leave out --whole")
    given = {"code": response} if whole else read_answer(response, problem)
    if given is None:
        return None
    text = given["code"] if set(given) == {"code"} else to_line(given)
    return {"id": program_id(text, problem["id"]), "problem": problem["id"], **given}


def distinct(programs: Iterable[Record | None]) -> Iterator[Record]:
    """The programs without duplicates and without None."""
    seen = set()
    for program in programs:
        if program is not None and program["id"] not in seen:
            seen.add(program["id"])
            yield program


def join_problem(program: Record, problems: Mapping[str, Record]) -> Record:
    """The program with the tests and limits of its problem added. Raises BadInput for an unknown problem."""
    name = program.get("problem")
    if name is None:
        return program
    if name not in problems:
        raise BadInput(f"program {program['id']}: no problem {name!r}; name the file with this problem (--problems)")
    fields: dict[str, Any] = {"mode": "call"}
    fields |= {field: problems[name][field] for field in PROBLEM_FIELDS if field in problems[name]}
    return {**fields, **program}


def find_execution(program: str | None, executions: Mapping[str, Record]) -> Record | None:
    """The execution of a program, by the program's id; None for an answer without code.
    Raises BadInput if there is none.
    """
    if program is None:
        return None
    if program not in executions:
        raise BadInput(f"no execution of the program {program}; execute the programs again")
    return executions[program]


def passes(program: str | None, executions: Mapping[str, Record]) -> bool:
    """Whether the program with this id passed; an answer without code does not. Raises BadInput."""
    found = find_execution(program, executions)
    return found is not None and found["verdict"] == "passed"
