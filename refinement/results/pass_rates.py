"""pass@1 by iteration as data frames, from the summaries of score_benchmark."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.records.errors import BadInput
from refinement.records.files import read_json


def pair_entries(paths: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each file with what it is of. Raises BadInput if there are not as many entries as files."""
    if len(entries) != len(paths):
        raise BadInput(f"--entries: {len(entries)} entries for {len(paths)} files; one each is needed")
    return zip(paths, entries, strict=True)


def frame_passes(summaries: Sequence[str], entries: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """A row for each summary and iteration: its entry's columns, and pass@1 with its interval in percent.

    ``entries``: what each summary is of, as columns. Raises BadInput if there
    are not as many as summaries.
    """
    rows: list[dict[str, Any]] = []
    for path, entry in pair_entries(summaries, entries):
        rows += [
            {
                **entry,
                "iteration": found["iteration"],
                "problems": found["problems"],
                **percentages(found),
            }
            for found in read_json(path)["iterations"]
        ]
    return pd.DataFrame(rows)


def percentages(found: Mapping[str, Any]) -> dict[str, float]:
    """pass@1 and its interval in percent; NaN where nothing was run."""
    return {name: math.nan if found[name] is None else 100 * found[name] for name in ("pass@1", "low", "high")}


def missing_parts(
    summaries: Sequence[str], entries: Sequence[Mapping[str, str]], rows: str | None = "iterations"
) -> dict[str, tuple[int, list[str]]]:
    """What benchmarks were not run, or not all of: by title, how many problems at most, and what they miss.

    ``rows``: under which key of a summary its rows lie; none for a summary that is one itself.
    """
    found: dict[str, tuple[int, list[str]]] = {}
    for path, entry in pair_entries(summaries, entries):
        summary = read_json(path)
        for row in summary[rows] if rows else [summary]:
            if "not_run" in row:
                number, why = found.get(entry["benchmark"], (0, []))
                found[entry["benchmark"]] = max(number, row["not_run"]), sorted({*why, *row["missing"]})
    return found
