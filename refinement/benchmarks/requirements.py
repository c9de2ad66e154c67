"""The commands and packages that a benchmark requires, and the problems that cannot be scored without them."""

import importlib.util
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from refinement.records.record_types import Record
from refinement.sandbox.jail import ENVIRONMENT
from refinement.sandbox.record_types import NOT_RUN

_IMPORT = "import "


@cache
def is_installed(need: str) -> bool:
    """Whether programs in the sandbox find ``need``: a command, a file (if it is a path),
    or a package (``import NAME``).
    """
    if need.startswith(_IMPORT):
        return importlib.util.find_spec(need.removeprefix(_IMPORT)) is not None
    if "/" in need:
        return Path(need).is_file()
    return shutil.which(need, path=ENVIRONMENT["PATH"]) is not None


def find_missing(needs: Iterable[str]) -> list[str]:
    """The requirements that are not installed."""
    return [need for need in needs if not is_installed(need)]


def failing_canonical_solutions(problems: Iterable[Record], executions: Mapping[str, Record]) -> dict[str, str]:
    """How the canonical solution ended, by problem, for those that were executed and did not pass."""
    tried = {problem["id"]: executions.get(problem.get("canonical_program") or "") for problem in problems}
    return {
        name: ": ".join(filter(None, (execution["verdict"], execution["error"])))
        for name, execution in tried.items()
        if execution and execution["verdict"] not in ("passed", NOT_RUN)
    }


def problems_left_out(problems: Sequence[Record], executions: Mapping[str, Record]) -> dict[str, str]:
    """The problems that are left out of scores, with the reason.

    A problem is left out if it requires what is not installed, even for answers without
    code; or if its canonical solution does not pass here and the problem says
    "leave_out" for that case.
    """
    missing = {need for execution in executions.values() for need in execution.get("missing", ())}
    found = {}
    for problem in problems:
        needs = problem.get("needs", {})
        if lacking := [need for need in needs if need in missing]:
            found[problem["id"]] = _describe_missing(lacking, needs)
    failing = failing_canonical_solutions((p for p in problems if p.get("unsolvable") == "leave_out"), executions)
    return found | dict.fromkeys(failing, "canonical solutions that do not pass here")


def _describe_missing(lacking: Iterable[str], needs: Mapping[str, str]) -> str:
    return "; ".join(f"{need}: not installed here ({needs[need]})" for need in lacking)


def summarize_missing(number: int, outcomes: Iterable[Record]) -> dict[str, Any]:
    """The part of a summary that says how many problems were not executed and what was missing; {} if none.

    ``outcomes``: executions or outcomes.
    """
    missing = {outcome["error"] for outcome in outcomes if outcome["verdict"] == NOT_RUN} - {None}
    return {"not_run": number, "missing": sorted(missing)} if number else {}


def skipped_execution(program: Record) -> Record | None:
    """The execution, with verdict ``not_run``, of a program whose requirements are missing; None if all are met."""
    needs = program.get("needs", {})
    missing = find_missing(needs)
    if not missing:
        return None
    return {
        "id": program["id"],
        "verdict": NOT_RUN,
        "passed": 0,
        "total": 0,
        "error": _describe_missing(missing, needs),
        "seconds": 0.0,
        "isolation": None,
        "integrity": "outside",
        "mode": program["mode"],
        "missing": missing,
    }
