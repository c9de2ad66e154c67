"""Check that samples cover a benchmark: every problem, each with the same number of samples, and no other problems."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

NAMED = 5


def list_names(names: Sequence[str]) -> str:
    """The number of names and the first few of them, for a message."""
    return f"{len(names)} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"


def coverage_faults(samples: Mapping[str, int], problems: Collection[str], partial: bool = False) -> str:
    """A description of what is wrong with the number of samples of each problem; "" if nothing is.

    ``samples``: number of samples by problem.
    ``partial``: problems without samples are allowed.
    """
    usual = Counter(samples.values()).most_common(1)[0][0] if samples else 0
    faults = {
        "unknown problems": [name for name in samples if name not in problems],
        "problems without a sample": [] if partial else [name for name in problems if name not in samples],
        f"problems with another number of samples than {usual}:": [n for n in samples if samples[n] != usual],
    }
    return "; ".join(f"{text} {list_names(names)}" for text, names in faults.items() if names)
