"""LiveCodeBench's code generation (Jain et al., 2024): contest problems from a range of dates.

Data: livecodebench/code_generation_lite, whose release N is its first N files
(test.jsonl, test2.jsonl, ...), or files of that schema. Prompt, extraction and
comparison of outputs follow LiveCodeBench's repository (lcb_runner:
prompts/code_generation.py, utils/extraction_utils.py, evaluation/testing_util.py).
Programs are executed in the sandbox's mode ``stdio``, functions in its mode
``outputs``.
"""

import base64
import binascii
import json
import pickletools
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from refinement.benchmarks.fields import check_texts
from refinement.completion.prompts import fill_template
from refinement.records.errors import BadInput
from refinement.records.record_types import Record

SETTINGS = ("from", "until")
FIELDS = ("question", "format", "code")
TIMEOUT = 6.0  # seconds per test case, as LiveCodeBench's --timeout
MEMORY_MB = 4096  # LiveCodeBench documents 4 GB but enforces no limit
MOST_BYTES = 1 << 30  # of one problem's private tests, unpacked
_LARGEST_CALLS = 48 << 20  # characters of all arguments of a problem; they are sent in one message of at most 64 MiB
LONGEST_GAP = timedelta(days=45)  # contests are weekly, so a longer gap means that a file is missing
_TEXTS = ("question_id", "question_content", "contest_date", "starter_code", "public_test_cases", "private_test_cases",
          "metadata")  # fmt: skip
_WITH_STARTER = "Complete this code, and put all of it into a code block."
_WITHOUT_STARTER = (
    "Write a program that reads its input from stdin and writes its answer to stdout (no tests of the examples in "
    "it). Put it into a code block, like this."
)
# What the official judge imports before an answer. The order matters: later names hide earlier ones.
_STARRED = ("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics",
            "itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing")  # fmt: skip
_IMPORTS = "\n".join(
    [*(f"from {name} import *" for name in _STARRED),
     *(f"import {name}" for name in _STARRED if name not in ("builtins", "typing")), "sys.setrecursionlimit(50000)", ""]
)  # fmt: skip
# Pickle opcodes that can only produce a string.
_TEXT_OPCODES = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_HARMLESS = {"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"} | _TEXT_OPCODES


def read_pickled_text(data: bytes, where: str) -> str:
    """The string in a pickle, read without unpickling. Raises BadInput for a pickle of anything else."""
    texts = []
    try:
        for opcode, argument, place in pickletools.genops(data):
            if opcode.name not in _HARMLESS:
                raise BadInput(
                    f"{where}: private_test_cases: opcode {opcode.name} at byte {place} makes more than a text and may "
                    "run code; download the data from its source"
                )
            if opcode.name in _TEXT_OPCODES:
                texts.append(argument)
    except ValueError as error:
        raise BadInput(f"{where}: private_test_cases: no pickle ({error}); download the data again") from None
    if len(texts) != 1:
        raise BadInput(f"{where}: private_test_cases: {len(texts)} texts in a pickle; download the data again")
    return str(texts[0])


def unpack_tests(text: str, where: str, most: int = MOST_BYTES) -> str:
    """The JSON text of private tests that are packed by pickle, zlib and base64. Raises BadInput.

    ``most``: maximum number of unpacked bytes.
    """
    try:
        packed = base64.b64decode(text, validate=True)
        stream = zlib.decompressobj()
        data = stream.decompress(packed, most)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise BadInput(f"{where}: private_test_cases: broken ({error}); download the data again") from None
    if not stream.eof:
        told = f"more than {most} bytes" if stream.unconsumed_tail or len(data) == most else "cut off"
        raise BadInput(f"{where}: private_test_cases: {told}; download the data again")
    return read_pickled_text(data, where)


def _json(text: str, kind: type, name: str, where: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: {name}: not JSON ({error}); download the data again") from None
    if not isinstance(value, kind):
        raise BadInput(f"{where}: {name}: must be a JSON {kind.__name__}; download the data again")
    return value


def _tests(record: Record, where: str) -> list[dict[str, str]]:
    """The public tests, then the private ones."""
    private = record["private_test_cases"]
    if not private.lstrip().startswith("["):
        private = unpack_tests(private, where)
    found = [
        *_json(record["public_test_cases"], list, "public_test_cases", where),
        *_json(private, list, "private_test_cases", where),
    ]
    for number, test in enumerate(found, start=1):
        if not isinstance(test, dict) or not all(isinstance(test.get(name), str) for name in ("input", "output")):
            raise BadInput(f"{where}: test {number} lacks the texts 'input' and 'output'; download the data again")
        if test.get("testtype") not in ("stdin", "functional"):
            raise BadInput(
                f"{where}: test {number} is of type {test.get('testtype')!r}; only stdin and functional are known"
            )
    if not found:
        raise BadInput(f"{where}: no tests; a problem without tests cannot be judged, so remove it")
    return found


def _function_name(record: Record, tests: list[dict[str, str]], where: str) -> str | None:
    """The function under test; None if whole programs are tested."""
    name = _json(record["metadata"], dict, "metadata", where).get("func_name")
    kinds = {test["testtype"] for test in tests}
    if kinds != {"stdin" if name is None else "functional"}:
        raise BadInput(
            f"{where}: tests of type {' and '.join(sorted(kinds))}, but metadata's func_name is {name!r}; "
            "download the data again"
        )
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise BadInput(f"{where}: metadata's func_name {name!r} is not a function's name; download the data again")
    return name


def _contest_date(record: Record, where: str) -> date:
    check_texts(where, record, _TEXTS, "LiveCodeBench's code generation")
    try:
        return datetime.fromisoformat(record["contest_date"]).date()
    except ValueError:
        raise BadInput(
            f"{where}: contest_date {record['contest_date']!r} is not a date such as 2024-07-06T00:00:00; correct it"
        ) from None


def _parse_date(text: str, name: str) -> date:
    """A date; for a month, its first day."""
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == len("2024-07") else text)
    except ValueError:
        raise BadInput(f"livecodebench: {name} {text!r} is not a date; write YYYY-MM or YYYY-MM-DD") from None


def _check_coverage(contests: set[date], first: date | None, after: date | None) -> None:
    """Raise BadInput if a part of the date range has no contests, because its problems are then missing.

    Otherwise a range that extends beyond the data would be scored as if it were
    complete.
    """
    days = sorted(day for day in contests if (not first or day >= first) and (not after or day < after))
    ends = [*([first] if first else []), *days, *([after] if after else [])]
    for earlier, later in pairwise(ends):
        if later - earlier > LONGEST_GAP:
            raise BadInput(
                f"livecodebench: the data has no contest between {earlier} and {later}, and contests are weekly; add "
                "the data's missing files, or choose another range"
            )


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """Yield a problem for each contest problem with ``from`` <= contest date < ``until``, in the order of the data.

    ``settings``: optional ``from`` and ``until``, each YYYY-MM or YYYY-MM-DD.

    ``canonical_solution`` is null, because the data has none. Raises BadInput for
    broken data, and for a date range that the data does not cover.
    """
    first = _parse_date(settings["from"], "from") if "from" in settings else None
    after = _parse_date(settings["until"], "until") if "until" in settings else None
    if first and after and first >= after:
        raise BadInput(f"livecodebench: from {first} is not before until {after}; choose a range of at least one day")
    contests = set()
    for where, record in lines:
        day = _contest_date(record, where)
        contests.add(day)
        if (first and day < first) or (after and day >= after):
            continue
        yield _problem(where, record, template)
    _check_coverage(contests, first, after)


def _problem(where: str, record: Record, template: str) -> Record:
    tests = _tests(record, where)
    function = _function_name(record, tests, where)
    starter = record["starter_code"].strip("\n")
    problem = {
        "id": record["question_id"], "kind": "livecodebench", "canonical_solution": None,
        "prompt": fill_template(
            template, question=record["question_content"].strip(), code=starter or "# your program",
            format=_WITH_STARTER if starter else _WITHOUT_STARTER,
        ), "memory_mb": MEMORY_MB,
    }  # fmt: skip
    if function is not None:
        return {**problem, **_to_calls(tests, where), "entry_point": function}
    cases = [{"stdin": test["input"], "stdout": test["output"]} for test in tests]
    return {**problem, "mode": "stdio", "cases": cases, "comparison": "decimals", "timeout": TIMEOUT}


def _to_calls(tests: list[dict[str, str]], where: str) -> Record:
    """Functional tests as calls; each line of a test's input is one argument.

    The timeout of all calls together allows one more second per call, and 5 s.
    """
    values = [
        (
            [_json(line, object, f"test {number}", where) for line in test["input"].split("\n")],
            _json(test["output"], object, f"test {number}", where),
        )
        for number, test in enumerate(tests, start=1)
    ]
    size = sum(len(test["input"]) for test in tests)
    if size > _LARGEST_CALLS:
        raise BadInput(f"{where}: {size >> 20} MiB of arguments, more than the sandbox accepts; remove the problem")
    return {
        "mode": "outputs", "calls": [call for call, _ in values], "expected": [value for _, value in values],
        "oracle": "json", "limits": TIMEOUT, "timeout": (TIMEOUT + 1) * len(tests) + 5,
    }  # fmt: skip


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The last fenced block, after the imports of the official judge; None if there are fewer than two fence lines.

    If the answer defines a class ``Solution``, the function under test is its method.
    """
    lines = response.split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    code = "\n".join(lines[fences[-2] + 1 : fences[-1]]) if len(fences) > 1 else ""
    if not code.strip():
        return None
    given = {"code": f"{_IMPORTS}\n{code}\n"}
    if "entry_point" in problem and "class Solution" in code:
        given["entry_point"] = f"Solution().{problem['entry_point']}"
    return given
