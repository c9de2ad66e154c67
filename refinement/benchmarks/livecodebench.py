"""LiveCodeBench's code generation (Jain et al., 2024): contest problems in a window of their contests' dates.

Data: livecodebench/code_generation_lite, whose release N is its first N files
(test.jsonl, test2.jsonl, ...), or files of that schema. Prompt, extraction
and comparison of outputs follow LiveCodeBench's repository (lcb_runner:
prompts/code_generation.py, utils/extraction_utils.py,
evaluation/testing_util.py). Programs run in the sandbox's mode ``stdio``,
functions in its mode ``outputs``.
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
TIMEOUT = 6.0  # seconds a case, as its --timeout
MEMORY_MB = 4096  # it names 4 GB, and sets no limit
MOST_BYTES = 1 << 30  # of one problem's private tests, unpacked
_LARGEST_CALLS = 48 << 20  # characters of all arguments of a problem; they travel in one message, of at most 64 MiB
LONGEST_GAP = timedelta(days=45)  # contests are weekly, so a longer one means that a file is missing
_TEXTS = ("question_id", "question_content", "contest_date", "starter_code", "public_test_cases", "private_test_cases",
          "metadata")  # fmt: skip
_WITH_STARTER = "Complete this code, and put all of it into a code block."
_WITHOUT_STARTER = (
    "Write a program that reads its input from stdin and writes its answer to stdout (no tests of the examples in "
    "it). Put it into a code block, like this."
)
# What the official judge imports before an answer, in its order: a later name covers an earlier one.
_STARRED = ("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics",
            "itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing")  # fmt: skip
_IMPORTS = "\n".join(
    [*(f"from {name} import *" for name in _STARRED),
     *(f"import {name}" for name in _STARRED if name not in ("builtins", "typing")), "sys.setrecursionlimit(50000)", ""]
)  # fmt: skip
# Opcodes of pickle that can make nothing but a text.
_TEXT_OPCODES = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_HARMLESS = {"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"} | _TEXT_OPCODES


def pickled_text(data: bytes, where: str) -> str:
    """The text that a pickle holds, found without unpickling. Raises BadInput for a pickle of anything else."""
    texts = []
    try:
        for opcode, argument, place in pickletools.genops(data):
            if opcode.name not in _HARMLESS:
                raise BadInput(
                    f"{where}: private_test_cases: opcode {opcode.name} at byte {place} makes more than a text and may "
                    "run code; take the data from its source"
                )
            if opcode.name in _TEXT_OPCODES:
                texts.append(argument)
    except ValueError as error:
        raise BadInput(f"{where}: private_test_cases: no pickle ({error}); take the data anew") from None
    if len(texts) != 1:
        raise BadInput(f"{where}: private_test_cases: {len(texts)} texts in a pickle; take the data anew")
    return str(texts[0])


def unpacked(text: str, where: str, most: int = MOST_BYTES) -> str:
    """The JSON text in private tests that are packed: base64, zlib, pickle. Raises BadInput; ``most``: bytes."""
    try:
        packed = base64.b64decode(text, validate=True)
        stream = zlib.decompressobj()
        data = stream.decompress(packed, most)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise BadInput(f"{where}: private_test_cases: broken ({error}); take the data anew") from None
    if not stream.eof:
        told = f"more than {most} bytes" if stream.unconsumed_tail or len(data) == most else "cut off"
        raise BadInput(f"{where}: private_test_cases: {told}; take the data anew")
    return pickled_text(data, where)


def _json(text: str, kind: type, name: str, where: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: {name}: not JSON ({error}); take the data anew") from None
    if not isinstance(value, kind):
        raise BadInput(f"{where}: {name}: must be a JSON {kind.__name__}; take the data anew")
    return value


def _tests(record: Record, where: str) -> list[dict[str, str]]:
    """Public tests, then private ones."""
    private = record["private_test_cases"]
    if not private.lstrip().startswith("["):
        private = unpacked(private, where)
    found = [
        *_json(record["public_test_cases"], list, "public_test_cases", where),
        *_json(private, list, "private_test_cases", where),
    ]
    for number, test in enumerate(found, start=1):
        if not isinstance(test, dict) or not all(isinstance(test.get(name), str) for name in ("input", "output")):
            raise BadInput(f"{where}: test {number} lacks the texts 'input' and 'output'; take the data anew")
        if test.get("testtype") not in ("stdin", "functional"):
            raise BadInput(
                f"{where}: test {number} is of type {test.get('testtype')!r}; only stdin and functional are known"
            )
    if not found:
        raise BadInput(f"{where}: no tests; a problem without any cannot be judged, so leave it out")
    return found


def _function(record: Record, tests: list[dict[str, str]], where: str) -> str | None:
    """The function under test, or None where a whole program is tested."""
    name = _json(record["metadata"], dict, "metadata", where).get("func_name")
    kinds = {test["testtype"] for test in tests}
    if kinds != {"stdin" if name is None else "functional"}:
        raise BadInput(
            f"{where}: tests of type {' and '.join(sorted(kinds))}, but metadata's func_name is {name!r}; "
            "take the data anew"
        )
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise BadInput(f"{where}: metadata's func_name {name!r} is no name of a function; take the data anew")
    return name


def _contest(record: Record, where: str) -> date:
    check_texts(where, record, _TEXTS, "LiveCodeBench's code generation")
    try:
        return datetime.fromisoformat(record["contest_date"]).date()
    except ValueError:
        raise BadInput(
            f"{where}: contest_date {record['contest_date']!r} is no date such as 2024-07-06T00:00:00; mend it"
        ) from None


def _day(text: str, name: str) -> date:
    """A day; of a month its first."""
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == len("2024-07") else text)
    except ValueError:
        raise BadInput(f"livecodebench: {name} {text!r} is no date; write YYYY-MM or YYYY-MM-DD") from None


def _check_cover(contests: set[date], first: date | None, after: date | None) -> None:
    """Raises BadInput where no contests are there for a part of the window, for its problems are missing then.

    A window that reaches beyond the data would be counted, and scored, as if it were whole.
    """
    days = sorted(day for day in contests if (not first or day >= first) and (not after or day < after))
    ends = [*([first] if first else []), *days, *([after] if after else [])]
    for earlier, later in pairwise(ends):
        if later - earlier > LONGEST_GAP:
            raise BadInput(
                f"livecodebench: the data has no contest between {earlier} and {later}, and contests are weekly; name "
                "the data's other files as well, or another window"
            )


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """A problem for each contest problem with ``from`` <= contest date < ``until``, in the data's order.

    ``settings``: ``from`` and ``until``, YYYY-MM or YYYY-MM-DD, each optional.
    ``canonical_solution`` is null: the data has none. Raises BadInput for
    what is broken, and for a window that the data does not cover.
    """
    first = _day(settings["from"], "from") if "from" in settings else None
    after = _day(settings["until"], "until") if "until" in settings else None
    if first and after and first >= after:
        raise BadInput(f"livecodebench: from {first} is not before until {after}; name a window that holds a day")
    contests = set()
    for where, record in lines:
        day = _contest(record, where)
        contests.add(day)
        if (first and day < first) or (after and day >= after):
            continue
        yield _problem(where, record, template)
    _check_cover(contests, first, after)


def _problem(where: str, record: Record, template: str) -> Record:
    tests = _tests(record, where)
    function = _function(record, tests, where)
    starter = record["starter_code"].strip("\n")
    problem = {
        "id": record["question_id"], "kind": "livecodebench", "canonical_solution": None,
        "prompt": fill_template(
            template, question=record["question_content"].strip(), code=starter or "# your program",
            format=_WITH_STARTER if starter else _WITHOUT_STARTER,
        ), "memory_mb": MEMORY_MB,
    }  # fmt: skip
    if function is not None:
        return {**problem, **_calls(tests, where), "entry_point": function}
    cases = [{"stdin": test["input"], "stdout": test["output"]} for test in tests]
    return {**problem, "mode": "stdio", "cases": cases, "comparison": "decimals", "timeout": TIMEOUT}


def _calls(tests: list[dict[str, str]], where: str) -> Record:
    """Functional tests as calls: a line of input is an argument. The whole has a second more for each, and 5 s."""
    values = [
        (
            [_json(line, object, f"test {number}", where) for line in test["input"].split("\n")],
            _json(test["output"], object, f"test {number}", where),
        )
        for number, test in enumerate(tests, start=1)
    ]
    size = sum(len(test["input"]) for test in tests)
    if size > _LARGEST_CALLS:
        raise BadInput(f"{where}: {size >> 20} MiB of arguments, more than the sandbox takes; leave the problem out")
    return {
        "mode": "outputs", "calls": [call for call, _ in values], "expected": [value for _, value in values],
        "oracle": "json", "limits": TIMEOUT, "timeout": (TIMEOUT + 1) * len(tests) + 5,
    }  # fmt: skip


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The last fenced block, after the official judge's imports; None if there are fewer than two fences.

    A function under test is that of a class ``Solution`` where there is one.
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
