"""BigCodeBench and BigCodeBench-Hard, Instruct and Complete (Zhuo et al., 2024).

Data: bigcode-project/bigcodebench-annotation, or bigcode/bigcodebench and
bigcode/bigcodebench-hard on the hub. Prompts, extraction and limits follow bigcodebench
0.2.5: its prompts, sanitizer and calibration, 240 s and 30 GiB of address space per
task. Tests are executed in the sandbox's mode ``unittest``.
"""

import ast
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from refinement.benchmarks.fields import check_texts, parse_program
from refinement.completion.prompts import fill_template
from refinement.records.errors import BadInput
from refinement.records.files import read_json
from refinement.records.record_types import Record

SETTINGS = ("split", "ids")
FIELDS = ("task",)
SPLITS = ("instruct", "complete")
TIMEOUT = 240.0  # seconds for all tests of a task, bigcodebench's TIMEOUT_LIMIT; bigcodebench never allows less
MEMORY_MB = 30 * 1024  # bigcodebench's max_as_limit
_TEXTS = ("task_id", "instruct_prompt", "complete_prompt", "code_prompt", "canonical_solution", "test", "entry_point")
# Packages whose name differs from the module that is imported.
_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "cv2": "opencv-python-headless", "dateutil": "python-dateutil",
    "docx": "python-docx", "flask_mail": "Flask-Mail", "flask_wtf": "Flask-WTF", "mpl_toolkits": "matplotlib",
    "PIL": "Pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "PyYAML",
}  # fmt: skip
_EXCEL = ("_excel(", "ExcelWriter")  # pandas uses openpyxl for these; no task imports it


def _requirements(where: str, record: Record) -> dict[str, str]:
    """The packages outside the standard library that a task's canonical solution and tests
    import, with how to install them.
    """
    text = f"{record['complete_prompt']}{record['canonical_solution']}\n{record['test']}"
    names = set()
    for node in ast.walk(parse_program(text, f"{where}: {record['task_id']} is not a valid program")):
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
        raise BadInput(f"{path}: a task id is listed twice; list each once")
    return set(ids)


def _task_text(record: Record, split: str) -> str:
    """The task as bigcodebench inserts it into its prompt: instructions as they are, code in a fence."""
    text = record[f"{split}_prompt"].strip()
    return f"```\n{text}\n```" if split == "complete" else text


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """Yield a problem for each task, in the order of the data.

    ``settings``: ``split`` is "instruct" or "complete"; the optional ``ids`` is a JSON
        file with the ids of the tasks to keep (such as the 148 of the hard subset).

    Raises BadInput for an unknown split, a missing field, or ids that are not in the
    data.
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
            "prompt": fill_template(template, task=_task_text(record, split)),
            "canonical_solution": f"```python\n{record['complete_prompt']}{record['canonical_solution']}\n```\n",
            "code_prompt": record["code_prompt"], "entry_point": record["entry_point"], "tests": record["test"],
            "timeout": TIMEOUT, "memory_mb": MEMORY_MB, "needs": _requirements(where, record),
        }  # fmt: skip
    if missing:
        told = ", ".join(sorted(missing)[:5]) + (", ..." if len(missing) > 5 else "")
        raise BadInput(f"{settings['ids']}: {len(missing)} ids are not in the data ({told}); name this data's list")


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def longest_code(text: str) -> str:
    """The longest run of two or more lines that is valid Python, as bigcodebench's ``code_extract`` finds it.

    The original tries every run, which takes minutes for 400 lines of a model that
    repeats itself; this tries the longest first. Blank lines do not count towards the
    length.
    """
    lines = text.split("\n")
    held = [place for place, line in enumerate(lines) if line.strip()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about invalid escapes in answers
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
    """bigcodebench's sanitizer, which keeps imports and the code that the function under test depends on."""
    try:
        from bigcodebench import sanitize as library
    except ImportError as error:
        raise BadInput(
            f"bigcodebench: not installed ({error}); pip install --no-deps -r requirements-no-deps.txt"
        ) from None
    library.code_extract = longest_code
    return library.sanitize


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The answer's code, sanitized and calibrated: placed after the task's imports and an empty function.

    None if the answer never names the function under test. Source: bigcodebench 0.2.5,
    generate.py (sanitized) and evaluate.py (``calibrated``).
    """
    name = problem["entry_point"]
    if name not in response:
        return None
    text = response.encode("utf-8", "replace").decode()  # the library encodes the text, which fails for lone surrogates
    try:
        code = _sanitizer()(text, name)
    except RecursionError:  # the code is nested too deep for the sanitizer
        code = longest_code(text)
    return {"code": f"{problem['code_prompt']}\n    pass\n{code}"} if code.strip() else None
