"""pass@1 by iteration as data frames, from the summaries of score_benchmark."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from refinecoder.records import BadInput, read_json


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
                **{name: None if found[name] is None else 100 * found[name] for name in ("pass@1", "low", "high")},
            }
            for found in read_json(path)["iterations"]
        ]
    return pd.DataFrame(rows)
