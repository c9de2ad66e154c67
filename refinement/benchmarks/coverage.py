"""Whether samples cover a benchmark: each of its problems, all as often, and nothing else."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

NAMED = 5


def named(names: Sequence[str]) -> str:
    """How many there are, and which: the first few."""
    return f"{len(names)} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"


def coverage_faults(samples: Mapping[str, int], problems: Collection[str], partial: bool = False) -> str:
    """What is wrong with so many samples of each problem, or ""; ``partial``: problems may have none."""
    usual = Counter(samples.values()).most_common(1)[0][0] if samples else 0
    faults = {
        "unknown problems": [name for name in samples if name not in problems],
        "problems without a sample": [] if partial else [name for name in problems if name not in samples],
        f"problems with another number of samples than {usual}:": [n for n in samples if samples[n] != usual],
    }
    return "; ".join(f"{text} {named(names)}" for text, names in faults.items() if names)
