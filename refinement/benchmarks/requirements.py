"""What a benchmark needs beside this environment: commands and packages, looked for where programs are run."""

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
def is_there(need: str) -> bool:
    """Whether programs find a command, a file where the need is a path, or a package where it reads ``import NAME``."""
    if need.startswith(_IMPORT):
        return importlib.util.find_spec(need.removeprefix(_IMPORT)) is not None
    if "/" in need:
        return Path(need).is_file()
    return shutil.which(need, path=ENVIRONMENT["PATH"]) is not None


def unmet(needs: Iterable[str]) -> list[str]:
    """Those that are not there."""
    return [need for need in needs if not is_there(need)]


def unsolvable(problems: Iterable[Record], runs: Mapping[str, Record]) -> dict[str, str]:
    """The problems whose canonical solution was run here and did not pass, and how it ended."""
    tried = {problem["id"]: runs.get(problem.get("canonical_program") or "") for problem in problems}
    return {
        name: ": ".join(filter(None, (run["verdict"], run["error"])))
        for name, run in tried.items()
        if run and run["verdict"] not in ("passed", NOT_RUN)
    }


def problems_not_run(problems: Sequence[Record], runs: Mapping[str, Record]) -> dict[str, str]:
    """The problems that are left out of scores, and why.

    They need what was not there, so that an answer without code is no failure
    either; or not even their canonical solution passes here, and they say that
    this leaves them out.
    """
    missing = {need for run in runs.values() for need in run.get("missing", ())}
    found = {}
    for problem in problems:
        needs = problem.get("needs", {})
        if lacking := [need for need in needs if need in missing]:
            found[problem["id"]] = _told(lacking, needs)
    failing = unsolvable((p for p in problems if p.get("unsolvable") == "leave_out"), runs)
    return found | dict.fromkeys(failing, "canonical solutions that do not pass here")


def _told(lacking: Iterable[str], needs: Mapping[str, str]) -> str:
    return "; ".join(f"{need}: not installed here ({needs[need]})" for need in lacking)


def told_missing(number: int, outcomes: Iterable[Record]) -> dict[str, Any]:
    """Part of a summary: how many problems were not run and what they miss; nothing where all were run.

    ``outcomes``: runs or outcomes.
    """
    missing = {outcome["error"] for outcome in outcomes if outcome["verdict"] == NOT_RUN} - {None}
    return {"not_run": number, "missing": sorted(missing)} if number else {}


def not_run(program: Record) -> Record | None:
    """The run of a program whose needs are not met, which is none; else None."""
    needs = program.get("needs", {})
    missing = unmet(needs)
    if not missing:
        return None
    return {"id": program["id"], "verdict": NOT_RUN, "passed": 0, "total": 0, "error": _told(missing, needs),
            "seconds": 0.0, "isolation": None, "integrity": "outside", "mode": program["mode"],
            "missing": missing}  # fmt: skip
