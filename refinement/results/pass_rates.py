"""pass@1 by iteration as data frames, from the summaries of score_benchmark."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.records.errors import BadInput
from refinement.records.files import read_json


def pair_entries(paths: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Pair each file with the entry that describes it. Raises BadInput if their numbers differ."""
    if len(entries) != len(paths):
        raise BadInput(f"--entries: {len(entries)} entries for {len(paths)} files; give one entry for each file")
    return zip(paths, entries, strict=True)


def frame_passes(summaries: Sequence[str], entries: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """A data frame with a row for each summary and iteration: pass@1 with its interval in percent.

    ``entries``: further columns of the rows of each summary, such as student and benchmark.

    Raises BadInput if the numbers of entries and summaries differ.
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
    """pass@1 and its interval, converted from fractions to percent; NaN if no problem was executed."""
    return {name: math.nan if found[name] is None else 100 * found[name] for name in ("pass@1", "low", "high")}


def problems_not_run(
    summaries: Sequence[str], entries: Sequence[Mapping[str, str]], rows: str | None = "iterations"
) -> dict[str, tuple[int, list[str]]]:
    """The benchmarks with problems that were not executed: by title, their largest number and what they lack.

    ``rows``: the key of a summary's rows; None for a summary that is a single row itself.
    """
    found: dict[str, tuple[int, list[str]]] = {}
    for path, entry in pair_entries(summaries, entries):
        summary = read_json(path)
        for row in summary[rows] if rows else [summary]:
            if "not_run" in row:
                number, why = found.get(entry["benchmark"], (0, []))
                found[entry["benchmark"]] = max(number, row["not_run"]), sorted({*why, *row["missing"]})
    return found
