"""Answers' programs: written once for each distinct text, found again for each answer.

Samples of one model are often alike to the letter, so most runs are saved: a
program's id is a digest of its text (and its problem), not the answer's name.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from refinecoder.answers.code import extract_code
from refinecoder.records import BadInput, Record


def program_id(code: str, problem: str = "") -> str:
    """The id under which a program runs, for a problem's tests where there are any."""
    return f"{problem}#{hashlib.sha256(code.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def write_run_programs(responses: Iterable[str]) -> Iterator[Record]:
    """Programs of mode ``run``, one for each distinct program in the responses."""
    seen = set()
    for response in responses:
        code = extract_code(response)
        if code is not None and (name := program_id(code)) not in seen:
            seen.add(name)
            yield {"id": name, "mode": "run", "code": code}


def write_call_programs(answers: Iterable[tuple[str, Record]]) -> Iterator[Record]:
    """Programs of mode ``call``, one for each distinct program and problem; ``answers``: response and problem."""
    seen = set()
    for response, problem in answers:
        code = extract_code(response)
        if code is not None and (name := program_id(code, problem["id"])) not in seen:
            seen.add(name)
            yield {
                "id": name,
                "mode": "call",
                "code": code,
                "entry_point": problem["entry_point"],
                "tests": problem["tests"],
            }


def find_run(response: str, runs: Mapping[str, Record], problem: str = "") -> Record | None:
    """What came of an answer's program; None for an answer without code.

    ``problem``: id of the problem that it was held against. Raises BadInput if
    there is code but no run of it.
    """
    code = extract_code(response)
    if code is None:
        return None
    if (name := program_id(code, problem)) not in runs:
        raise BadInput(f"no run of the program {name}; run the programs again")
    return runs[name]


def passes(response: str, runs: Mapping[str, Record], problem: str = "") -> bool:
    """Whether an answer's program passed; an answer without code does not."""
    found = find_run(response, runs, problem)
    return found is not None and found["verdict"] == "passed"
