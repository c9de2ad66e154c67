"""HumanEval, HumanEval+, MBPP and MBPP+ with evalplus 0.3.1 (github.com/evalplus/evalplus).

Data: evalplus' own files (HumanEvalPlus.jsonl.gz v0.1.10, MbppPlus.jsonl.gz v0.2.0),
whose inputs evalplus converts to Python types. Expected outputs are computed once, by
executing the canonical solutions in the sandbox, as evalplus' get_groundtruth does
without one. humaneval and mbpp use the base inputs; the two others use the base inputs
and those that evalplus added. The original files of HumanEval
(github.com/openai/human-eval) and of MBPP (google-research/mbpp, full or sanitized) are
recognized by their fields and tested with their own asserts.

evalplus' sanitizer extracts the code of an answer. An answer that does not define the
function under test is taken for a completion and appended to its prompt.
"""

import ast
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from refinement.answers.code import fenced_blocks
from refinement.benchmarks.fields import check_texts, parse_program
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
_LONGEST = 60  # seconds for all base or all added inputs: the default of EVALPLUS_TIMEOUT_PER_TASK
_REFERENCE_SECONDS = 600  # for a canonical solution on all inputs
_PLUS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "atol")
_PLUS_TEXTS = _PLUS[:4]
_HUMANEVAL = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
_MBPP = ("task_id", "code", "test_list")
_KNOWN_AS = {"humaneval": "HumanEval", "humaneval_plus": "HumanEval", "mbpp": "Mbpp", "mbpp_plus": "Mbpp"}
_NEEDS_CALLS = ("find_zero", "surface_Area", "digit_distance_nums")  # their oracles also need the arguments


def _has(record: Record, fields: Sequence[str]) -> bool:
    return all(record.get(field) is not None for field in fields)


def _check_texts_in(where: str, record: Record, name: str) -> None:
    value = [] if record.get(name) is None else record[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadInput(f"{where}: field '{name}' must be a list of texts; is this a file of MBPP?")


def _fenced(code: str) -> str:
    code = code.replace("\r\n", "\n")
    return f"```python\n{code.strip(chr(10))}\n```"


def _time_limit(seconds: float) -> int:
    """evalplus' limit on one call, given the reference's time, rounded up to whole seconds
    so that it seldom changes between measurements.
    """
    from evalplus.config import DEFAULT_GT_TIME_LIMIT_FACTOR, DEFAULT_MIN_TIME_LIMIT

    return math.ceil(max(DEFAULT_MIN_TIME_LIMIT, DEFAULT_GT_TIME_LIMIT_FACTOR * seconds))


@contextmanager
def _strongest_worker() -> Iterator[Worker]:
    """A worker of the strongest isolation that works here; it executes only the benchmark's own code."""
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
    """Base inputs and added inputs, converted to Python types that JSON lacks."""
    from evalplus.data.mbpp import mbpp_deserialize_inputs

    found = []
    for field in ("base_input", "plus_input"):
        value = [] if record[field] == {} else record[field]  # Mbpp/793 has {} for no inputs
        if not isinstance(value, list) or not all(isinstance(arguments, list) for arguments in value):
            raise BadInput(f"{where}: '{field}' must be a list of argument lists; name evalplus' own file")
        if record["task_id"].startswith("Mbpp/"):
            try:
                value = [list(arguments) for arguments in mbpp_deserialize_inputs(record["task_id"], value)]
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise BadInput(f"{where}: '{field}' is not as evalplus has it ({error}); name evalplus' file") from None
        found.append(value)
    return found[0], found[1]


def _reference(program: Record, where: str, worker: Worker) -> tuple[list[Any], list[float]]:
    """The canonical solution's outputs, encoded, and their times in seconds. Raises BadInput if the solution fails."""
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
    limits = list(map(_time_limit, seconds))
    text = _description(record["prompt"]) if is_mbpp else record["prompt"].strip("\n")
    starts = [sum(parts[:place]) for place in range(len(parts))]
    return {
        "id": record["task_id"],
        "prompt": fill_template(template, problem=text),
        "canonical_solution": _fenced(code),
        "kind": kind,
        "code_prompt": "" if is_mbpp else record["prompt"],
        **run,
        "expected": pack_items(expected),
        "oracle": "evalplus",
        "oracle_settings": {
            "dataset": "mbpp" if is_mbpp else "humaneval", "entry_point": name, "atol": record["atol"], "parts": parts,
            "calls": name in _NEEDS_CALLS,
            "shown": not (is_mbpp and name in MBPP_OUTPUT_NOT_NONE_TASKS),  # these expect only that there is a value
        },
        "limits": limits[0] if len(set(limits)) == 1 else limits,
        "timeout": sum(min(_LONGEST, sum(limits[start : start + part])) + 1
                       for start, part in zip(starts, parts, strict=True)),
    }  # fmt: skip


def _description(prompt: str) -> str:
    """The text of an MBPP+ prompt, which is a docstring that ends with an assert."""
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
    """The first function or class of the solution that the tests use."""
    what = f"{where}: its code or tests do not compile"
    tree = parse_program(code, what)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for test in [parse_program(test, what) for test in tests]:
        for node in ast.walk(test):
            if isinstance(node, ast.Name) and node.id in defined:
                return node.id
    raise BadInput(f"{where}: its tests call nothing that its code defines; correct it")


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
        raise BadInput(f"{where}: neither 'text' nor 'prompt' describes the task; correct it")
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
    """Yield problems in the order of the data.

    ``settings``: ``kind``, one of the four benchmarks.

    Raises BadInput for a record of another format.
    """
    kind = settings["kind"]
    with _strongest_worker() as worker:
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


def _defined_names(code: str) -> set[str]:
    """The names that a program defines at its top level."""
    names = set()
    for node in _parse(code).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


def _used_names(code: str) -> set[str]:
    return {node.id for node in ast.walk(_parse(code)) if isinstance(node, ast.Name)}


def _sanitize(text: str, problem: Record) -> str:
    """The text as evalplus' sanitizer reduces it, or all code in it if the sanitizer drops definitions that are needed.

    The sanitizer drops functions without a return statement (generators, in-place
    helpers), and functions that only the tests use.
    """
    from evalplus.sanitize import code_extract, sanitize

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about invalid escapes, in code and in prose
        try:
            left, whole = sanitize(text, problem["entry_point"]), code_extract(text)
        except (ValueError, RecursionError):  # NUL or lone surrogates, which the parser rejects
            return text
    needed = (_used_names(left) | _used_names(problem.get("tests", ""))) & (
        _defined_names(whole) - _defined_names(left)
    )
    return whole if needed else left


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The answer's code, sanitized; if it is only a completion, appended to the prompt. None if there is no code."""
    if not response.strip():
        return None
    name, code = problem["entry_point"], _sanitize(response, problem)
    if problem.get("code_prompt") and name not in _defined_names(code):
        completed = _sanitize("\n".join([problem["code_prompt"], *(fenced_blocks(response) or [response])]), problem)
        code = completed if name in _defined_names(completed) else code
    return {"code": code} if code.strip() else None
