"""Answers' programs: written once for each distinct text, found again for each answer.

Samples of one model are often alike to the letter, so most runs are saved: a
program's id is a digest of its text (and its problem), not the answer's name.
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

JOINED = ("mode", *(field.name for field in TESTED))  # what a program line takes from its problem


def program_id(text: str, problem: str = "") -> str:
    """The id under which a program runs, for a problem's tests where there are any."""
    return f"{problem}#{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def run_program(response: str) -> Record | None:
    """An answer's program in mode ``run``; None for an answer without code."""
    code = extract_code(response)
    return None if code is None else {"id": program_id(code), "mode": "run", "code": code}


def answer_program(response: str, problem: Record, whole: bool = False) -> Record | None:
    """An answer's program under a problem's tests, which are joined when it runs; None for one without code.

    ``whole``: the answer is the program. Raises BadInput where it could not be: a program of files has its tests in it.
    """
    if whole and problem.get("mode") == "command":
        raise BadInput(f"{problem['id']}: its programs are made of answers and tests; leave out --whole")
    given = {"code": response} if whole else read_answer(response, problem)
    if given is None:
        return None
    text = given["code"] if set(given) == {"code"} else to_line(given)
    return {"id": program_id(text, problem["id"]), "problem": problem["id"], **given}


def distinct(programs: Iterable[Record | None]) -> Iterator[Record]:
    """Each program once."""
    seen = set()
    for program in programs:
        if program is not None and program["id"] not in seen:
            seen.add(program["id"])
            yield program


def joined(program: Record, problems: Mapping[str, Record]) -> Record:
    """A program line with what its problem says. Raises BadInput for an unknown problem."""
    name = program.get("problem")
    if name is None:
        return program
    if name not in problems:
        raise BadInput(f"program {program['id']}: no problem {name!r}; name the file that it stands in (--problems)")
    fields: dict[str, Any] = {"mode": "call"}
    fields |= {field: problems[name][field] for field in JOINED if field in problems[name]}
    return {**fields, **program}


def find_run(program: str | None, runs: Mapping[str, Record]) -> Record | None:
    """What came of a program, by its id; None for an answer without code. Raises BadInput if there is no run of it."""
    if program is None:
        return None
    if program not in runs:
        raise BadInput(f"no run of the program {program}; run the programs again")
    return runs[program]


def passes(program: str | None, runs: Mapping[str, Record]) -> bool:
    """Whether a program passed, by its id; an answer without code does not."""
    found = find_run(program, runs)
    return found is not None and found["verdict"] == "passed"
