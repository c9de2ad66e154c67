"""What a benchmark needs beside this environment: commands and packages, looked for where programs are run."""

import importlib.util
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from refinecoder.kinds import NOT_RUN
from refinecoder.records import Record
from refinecoder.sandbox.jail import ENVIRONMENT

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


def problems_not_run(problems: Iterable[Record], runs: Iterable[Record]) -> set[str]:
    """The problems that need what was not there: an answer without code to one of them is no failure either."""
    missing = {need for run in runs for need in run.get("missing", ())}
    return {problem["id"] for problem in problems if not missing.isdisjoint(problem.get("needs", {}))}


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
    told = "; ".join(f"{need}: not installed here ({needs[need]})" for need in missing)
    return {"id": program["id"], "verdict": NOT_RUN, "passed": 0, "total": 0, "error": told, "seconds": 0.0,
            "isolation": None, "integrity": "outside", "mode": program["mode"], "missing": missing}  # fmt: skip
