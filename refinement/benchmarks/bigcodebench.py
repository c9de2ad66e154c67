"""BigCodeBench and BigCodeBench-Hard, Instruct and Complete (Zhuo et al., 2024).

Data: bigcode-project/bigcodebench-annotation, or bigcode/bigcodebench and
bigcode/bigcodebench-hard of the hub. What is asked, how an answer is read and
how long it may run is bigcodebench 0.2.5's: its prompts, its sanitizer,
calibration, 240 s and 30 GiB of address space a task. Its tests run in the
sandbox's mode ``unittest``.
"""

import ast
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from refinement.benchmarks.fields import check_texts, parsed
from refinement.completion.prompts import fill_template
from refinement.records.errors import BadInput
from refinement.records.files import read_json
from refinement.records.record_types import Record

SETTINGS = ("split", "ids")
FIELDS = ("task",)
SPLITS = ("instruct", "complete")
TIMEOUT = 240.0  # its TIMEOUT_LIMIT: seconds for all tests of a task, which no other limit of its goes below
MEMORY_MB = 30 * 1024  # its max_as_limit
_TEXTS = ("task_id", "instruct_prompt", "complete_prompt", "code_prompt", "canonical_solution", "test", "entry_point")
# Distributions that are not called as their module is.
_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "cv2": "opencv-python-headless", "dateutil": "python-dateutil",
    "docx": "python-docx", "flask_mail": "Flask-Mail", "flask_wtf": "Flask-WTF", "mpl_toolkits": "matplotlib",
    "PIL": "Pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "PyYAML",
}  # fmt: skip
_EXCEL = ("_excel(", "ExcelWriter")  # what pandas does with openpyxl, which no task imports


def _needs(where: str, record: Record) -> dict[str, str]:
    """The packages that a task's canonical solution and tests import, beside the standard library."""
    text = f"{record['complete_prompt']}{record['canonical_solution']}\n{record['test']}"
    names = set()
    for node in ast.walk(parsed(text, f"{where}: {record['task_id']} is no program")):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    if "pandas" in names and "xlwt" not in names and any(call in text for call in _EXCEL):
        names.add("openpyxl")
    return {
        f"import {name}": f"pip install {_DISTRIBUTIONS.get(name, name)}"
        for name in sorted(names - sys.stdlib_module_names)
    }


def _read_ids(path: str) -> set[str]:
    ids = read_json(path)
    if not isinstance(ids, list) or not ids or not all(isinstance(name, str) for name in ids):
        raise BadInput(f"{path}: must be a JSON list of task ids, such as BigCodeBench/13")
    if len(set(ids)) < len(ids):
        raise BadInput(f"{path}: a task id stands twice; each belongs there once")
    return set(ids)


def _asked(record: Record, split: str) -> str:
    """What bigcodebench puts into its prompt: words as they are, code in a fence."""
    text = record[f"{split}_prompt"].strip()
    return f"```\n{text}\n```" if split == "complete" else text


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """A problem for each task, in the data's order.

    ``settings``: ``split``, instruct or complete, and perhaps ``ids``, a JSON
    file with the ids of the tasks that are kept (the 148 of the hard subset).
    Raises BadInput for an unknown split, a field that is missing, and ids
    that the data lacks.
    """
    split = settings.get("split")
    if split not in SPLITS:
        raise BadInput(f"bigcodebench: split {split!r} is unknown; choose one of {', '.join(SPLITS)}")
    wanted = _read_ids(settings["ids"]) if "ids" in settings else None
    missing = set(wanted or ())
    for where, record in lines:
        check_texts(where, record, _TEXTS, "BigCodeBench")
        name = record["task_id"]
        missing.discard(name)
        if wanted is not None and name not in wanted:
            continue
        yield {
            "id": name, "kind": "bigcodebench", "mode": "unittest",
            "prompt": fill_template(template, task=_asked(record, split)),
            "canonical_solution": f"```python\n{record['complete_prompt']}{record['canonical_solution']}\n```\n",
            "code_prompt": record["code_prompt"], "entry_point": record["entry_point"], "tests": record["test"],
            "timeout": TIMEOUT, "memory_mb": MEMORY_MB, "needs": _needs(where, record),
        }  # fmt: skip
    if missing:
        told = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
        raise BadInput(f"{settings['ids']}: {len(missing)} ids are not in the data ({told}); name its own list")


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def longest_code(text: str) -> str:
    """The lines, two or more, that make the longest program: as bigcodebench's ``code_extract``, the longest first.

    Its own tries them all, which takes minutes for 400 lines of a model that
    repeats itself. Lines that hold nothing do not count.
    """
    lines = text.split("\n")
    held = [place for place, line in enumerate(lines) if line.strip()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the answers' escapes
        for count in range(len(held), 0, -1):
            before = 0
            for start in range(len(lines)):
                if before + count > len(held):
                    break
                last = held[before + count - 1]
                after = held[before + count] if before + count < len(held) else len(lines)
                for end in range(max(last, start + 1), after):
                    if _parses(code := "\n".join(lines[start : end + 1])):
                        return code
                before += bool(lines[start].strip())
    return lines[0]


@cache
def _sanitizer() -> Callable[[str, str], str]:
    """The sanitizer of bigcodebench, which keeps imports and what the function under test reaches."""
    try:
        from bigcodebench import sanitize as library
    except ImportError as error:
        raise BadInput(
            f"bigcodebench: not installed ({error}); pip install --no-deps -r requirements-no-deps.txt"
        ) from None
    library.code_extract = longest_code
    return library.sanitize


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The answer's code, sanitized and calibrated: after the task's imports and an empty function.

    None if it never names the function under test. Source: bigcodebench
    0.2.5, generate.py (sanitized) and evaluate.py (``calibrated``).
    """
    name = problem["entry_point"]
    if name not in response:
        return None
    text = response.encode("utf-8", "replace").decode()  # the library encodes it, which half a character would stop
    try:
        code = _sanitizer()(text, name)
    except RecursionError:  # nested too deep for its walk
        code = longest_code(text)
    return {"code": f"{problem['code_prompt']}\n    pass\n{code}"} if code.strip() else None
