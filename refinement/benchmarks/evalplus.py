"""HumanEval, HumanEval+, MBPP and MBPP+ through evalplus 0.3.1 (github.com/evalplus/evalplus).

Read are evalplus' own files (HumanEvalPlus.jsonl.gz v0.1.10, MbppPlus.jsonl.gz
v0.2.0), with their inputs, whose Python types evalplus restores; what the
canonical solutions give on them is computed here, once, in the sandbox, as
evalplus' get_groundtruth does outside one. humaneval and mbpp take the base
inputs alone, the two others the base inputs and those that evalplus added.
The original files of HumanEval (github.com/openai/human-eval) and of MBPP
(google-research/mbpp, whole or sanitized) are recognized by their fields and
run with their own asserts.

Answers are read by evalplus' sanitizer. An answer that does not define the
function under test is taken for a completion and put behind its prompt.
"""

import ast
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from refinement.answers.code import fenced_blocks
from refinement.benchmarks.fields import check_texts, parsed
from refinement.completion.prompts import fill_template
from refinement.records.errors import BadInput
from refinement.records.record_types import Record
from refinement.sandbox.jail import TIERS
from refinement.sandbox.modes.outputs import run_calls
from refinement.sandbox.packing import decode, encode, pack, pack_items
from refinement.sandbox.pool import first_worker
from refinement.sandbox.worker import Worker

SETTINGS: tuple[str, ...] = ()
FIELDS = ("problem",)
_MEMORY_MB = 4096  # evalplus.eval: query_maximum_memory_bytes
_LONGEST = 60  # seconds for all inputs of a kind: EVALPLUS_TIMEOUT_PER_TASK's default
_REFERENCE_SECONDS = 600  # for a canonical solution on all of its inputs
_PLUS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "atol")
_PLUS_TEXTS = _PLUS[:4]
_HUMANEVAL = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
_MBPP = ("task_id", "code", "test_list")
_KNOWN_AS = {"humaneval": "HumanEval", "humaneval_plus": "HumanEval", "mbpp": "Mbpp", "mbpp_plus": "Mbpp"}
_NEEDS_CALLS = ("find_zero", "surface_Area", "digit_distance_nums")  # their oracles look at the arguments as well


def _has(record: Record, fields: Sequence[str]) -> bool:
    return all(record.get(field) is not None for field in fields)


def _check_texts_in(where: str, record: Record, name: str) -> None:
    value = [] if record.get(name) is None else record[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadInput(f"{where}: field '{name}' must be a list of texts; is this a file of MBPP?")


def _fenced(code: str) -> str:
    code = code.replace("\r\n", "\n")
    return f"```python\n{code.strip(chr(10))}\n```"


def _limit(seconds: float) -> int:
    """evalplus' limit on one call by the reference's time, in whole seconds, so that it seldom changes."""
    from evalplus.config import DEFAULT_GT_TIME_LIMIT_FACTOR, DEFAULT_MIN_TIME_LIMIT

    return math.ceil(max(DEFAULT_MIN_TIME_LIMIT, DEFAULT_GT_TIME_LIMIT_FACTOR * seconds))


@contextmanager
def _some_worker() -> Iterator[Worker]:
    """A worker of the strongest tier that works here: what it runs is the benchmark's own."""
    for tier in TIERS:
        try:
            worker = first_worker(tier)
        except BadInput:
            if tier == TIERS[-1]:
                raise
            continue
        with worker:
            yield worker
        return


def _inputs(record: Record, where: str) -> tuple[list[Any], list[Any]]:
    """Base inputs and added ones, with the types that JSON lacks."""
    from evalplus.data.mbpp import mbpp_deserialize_inputs

    found = []
    for field in ("base_input", "plus_input"):
        value = [] if record[field] == {} else record[field]  # as Mbpp/793 has it
        if not isinstance(value, list) or not all(isinstance(arguments, list) for arguments in value):
            raise BadInput(f"{where}: '{field}' must be a list of argument lists; name evalplus' own file")
        if record["task_id"].startswith("Mbpp/"):
            try:
                value = [list(arguments) for arguments in mbpp_deserialize_inputs(record["task_id"], value)]
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise BadInput(f"{where}: '{field}' is not what evalplus reads ({error}); name its own file") from None
        found.append(value)
    return found[0], found[1]


def _reference(program: Record, where: str, worker: Worker) -> tuple[list[Any], list[float]]:
    """What the canonical solution gives, as items, and its seconds. Raises BadInput where it fails."""
    try:
        found = list(run_calls(program, worker))
    except ValueError as error:
        raise BadInput(f"{where}: its canonical solution fails ({error}); name evalplus' own file") from None
    return [item for item, _ in found], [seconds for _, seconds in found]


def _read_plus(record: Record, where: str, kind: str, template: str, worker: Worker) -> Record:
    from evalplus.eval import MBPP_OUTPUT_NOT_NONE_TASKS, MBPP_OUTPUT_SET_EQ_TASKS

    check_texts(where, record, _PLUS_TEXTS, "evalplus")
    if type(record["atol"]) not in (int, float) or not 0 <= record["atol"] < math.inf:
        raise BadInput(f"{where}: 'atol' must be a number of at least 0; name evalplus' own file")
    base, added = _inputs(record, where)
    parts = [len(base), len(added)] if kind.endswith("_plus") and added else [len(base)]
    calls = (base + added)[: sum(parts)]
    if not calls:
        raise BadInput(f"{where}: no inputs; name evalplus' own file")
    name, code = record["entry_point"], record["prompt"] + record["canonical_solution"]
    is_mbpp = _KNOWN_AS[kind] == "Mbpp"
    run = {
        "mode": "outputs", "entry_point": name, "calls": pack(calls), "parts": parts,
        "iterate": int(is_mbpp and name in MBPP_OUTPUT_SET_EQ_TASKS), "memory_mb": _MEMORY_MB,
    }  # fmt: skip
    trial = {**run, "id": record["task_id"], "code": code, "timeout": _REFERENCE_SECONDS}
    expected, seconds = _reference(trial, where, worker)
    if is_mbpp and name in MBPP_OUTPUT_NOT_NONE_TASKS:
        expected = [encode(decode(item) is not None) for item in expected]
    limits = list(map(_limit, seconds))
    starts = [sum(parts[:place]) for place in range(len(parts))]
    return {
        "id": record["task_id"],
        "prompt": fill_template(template, problem=_task(record["prompt"]) if is_mbpp else record["prompt"].strip("\n")),
        "canonical_solution": _fenced(code),
        "kind": kind,
        "code_prompt": "" if is_mbpp else record["prompt"],
        **run,
        "expected": pack_items(expected),
        "oracle": "evalplus",
        "oracle_settings": {
            "dataset": "mbpp" if is_mbpp else "humaneval", "entry_point": name, "atol": record["atol"], "parts": parts,
            "calls": name in _NEEDS_CALLS,
            "shown": not (is_mbpp and name in MBPP_OUTPUT_NOT_NONE_TASKS),  # whose values are only whether there is one
        },
        "limits": limits[0] if len(set(limits)) == 1 else limits,
        "timeout": sum(min(_LONGEST, sum(limits[start : start + part])) + 1
                       for start, part in zip(starts, parts, strict=True)),
    }  # fmt: skip


def _task(prompt: str) -> str:
    """The text of MBPP+'s prompt, which is a docstring that ends in an assert."""
    return prompt.strip().removeprefix('"""').removesuffix('"""').strip()


def _read_humaneval(record: Record, where: str, template: str) -> Record:
    check_texts(where, record, _HUMANEVAL, "HumanEval")
    return {
        "id": record["task_id"],
        "prompt": fill_template(template, problem=record["prompt"].strip("\n")),
        "canonical_solution": _fenced(record["prompt"] + record["canonical_solution"]),
        "kind": "humaneval",
        "code_prompt": record["prompt"],
        "mode": "call",
        "entry_point": record["entry_point"],
        "tests": record["test"],
    }


def _function_under_test(code: str, tests: Iterable[str], where: str) -> str:
    """The function of the solution that the tests call first."""
    what = f"{where}: its code or tests do not compile"
    tree = parsed(code, what)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for test in [parsed(test, what) for test in tests]:
        for node in ast.walk(test):
            if isinstance(node, ast.Name) and node.id in defined:
                return node.id
    raise BadInput(f"{where}: its tests call nothing that its code defines; mend it")


def _read_mbpp(record: Record, where: str, template: str) -> Record:
    check_texts(where, record, ("code",), "MBPP")
    for name in ("test_list", "test_imports"):
        _check_texts_in(where, record, name)
    if record.get("test_setup_code") is not None:
        check_texts(where, record, ("test_setup_code",), "MBPP")
    if type(record["task_id"]) not in (int, str):
        raise BadInput(f"{where}: field 'task_id' must be a number or a text; is this a file of MBPP?")
    text = record.get("text") or record.get("prompt")
    if not isinstance(text, str):
        raise BadInput(f"{where}: neither 'text' nor 'prompt' says the task; mend it")
    tests = record["test_list"]
    setup = record.get("test_setup_code") or "\n".join(record.get("test_imports") or ())
    return {
        "id": f"MBPP/{record['task_id']}",
        "prompt": fill_template(template, problem="\n".join([text.strip(), *tests])),
        "canonical_solution": _fenced(record["code"]),
        "kind": "mbpp",
        "code_prompt": "",
        "mode": "call",
        "entry_point": _function_under_test(record["code"], tests, where),
        "tests": "\n".join([setup, *tests]),
    }


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """Problems in the data's order; ``settings``: kind. Raises BadInput for a record of another format."""
    kind = settings["kind"]
    with _some_worker() as worker:
        for where, record in lines:
            if _has(record, _PLUS) and str(record["task_id"]).startswith(_KNOWN_AS[kind] + "/"):
                yield _read_plus(record, where, kind, template, worker)
            elif kind == "humaneval" and _has(record, _HUMANEVAL) and "base_input" not in record:
                yield _read_humaneval(record, where, template)
            elif kind == "mbpp" and _has(record, _MBPP):
                yield _read_mbpp(record, where, template)
            else:
                file = "HumanEvalPlus.jsonl.gz" if kind.startswith("humaneval") else "MbppPlus.jsonl.gz"
                also = "" if kind.endswith("_plus") else " or the original one"
                raise BadInput(f"{where}: not a record of {kind}; name evalplus' {file}{also}")


def _parse(code: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _defined(code: str) -> set[str]:
    """Names that a program's own level defines."""
    names = set()
    for node in _parse(code).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


def _used(code: str) -> set[str]:
    return {node.id for node in ast.walk(_parse(code)) if isinstance(node, ast.Name)}


def _sanitize(text: str, problem: Record) -> str:
    """What evalplus' sanitizer leaves of a text, or all code in it where it drops what is still needed.

    It drops functions without a return (generators, helpers that work in
    place), and what only the tests need beside the function under test.
    """
    from evalplus.sanitize import code_extract, sanitize

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it parses: old escapes, and whatever prose may look like
        try:
            left, whole = sanitize(text, problem["entry_point"]), code_extract(text)
        except (ValueError, RecursionError):  # a text that no parser takes, as NUL or lone surrogates make it
            return text
    needed = (_used(left) | _used(problem.get("tests", ""))) & (_defined(whole) - _defined(left))
    return whole if needed else left


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """What evalplus' sanitizer leaves of a response; behind the prompt where it is its completion alone."""
    if not response.strip():
        return None
    name, code = problem["entry_point"], _sanitize(response, problem)
    if problem.get("code_prompt") and name not in _defined(code):
        completed = _sanitize("\n".join([problem["code_prompt"], *(fenced_blocks(response) or [response])]), problem)
        code = completed if name in _defined(completed) else code
    return {"code": code} if code.strip() else None
