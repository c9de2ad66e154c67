"""Find texts that nearly repeat each other (MinHash) and texts that overlap with benchmarks (shared n-grams)."""

import re
from collections.abc import Iterable, Iterator, Sequence

from refinement.records.record_types import Record

_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str) -> list[str]:
    """Split a text into words and punctuation marks, in lower case."""
    return _TOKEN.findall(text.lower())


def grams(text: str, n: int) -> Iterator[tuple[str, ...]]:
    """Yield the n-grams of a text's tokens."""
    tokens = tokenize(text)
    return zip(*(tokens[start:] for start in range(n)), strict=False)


def find_near_duplicates(texts: Sequence[str], threshold: float) -> dict[int, int]:
    """Map the number of each text that nearly repeats an earlier one to the number of that earlier text.

    A text nearly repeats another if the Jaccard similarity of their sets of
    3-grams, estimated by MinHash with 128 permutations, reaches ``threshold``.
    The look-up uses a lower threshold, so that it misses few, and then checks
    each candidate.
    """
    from datasketch import MinHash, MinHashLSH  # takes long to import, and most users of this module need no MinHash

    index = MinHashLSH(threshold=0.7 * threshold, num_perm=128)
    sketches: dict[int, MinHash] = {}
    repeated: dict[int, int] = {}
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch(
            [" ".join(gram).encode() for gram in grams(text, 3)] or [text.encode("utf-8", "backslashreplace")]
        )
        earlier = [key for key in index.query(sketch) if sketches[key].jaccard(sketch) >= threshold]
        if earlier:
            repeated[number] = min(earlier)
        else:
            index.insert(number, sketch)
            sketches[number] = sketch
    return repeated


class BenchmarkOverlap:
    """Finds n-grams that a text shares with any of the texts of a benchmark."""

    def __init__(self, texts: Iterable[str], n: int) -> None:
        self._n = n
        self._known = {gram for text in texts for gram in grams(text, n)}

    def find(self, text: str) -> str | None:
        """Return the first shared n-gram, or None."""
        return next((" ".join(gram) for gram in grams(text, self._n) if gram in self._known), None)


def overlap_with(problems: Iterable[Record], n: int) -> BenchmarkOverlap | None:
    """Prepare the search for n-grams of the problems' prompts and solutions; None if ``n`` is 0: no search."""
    if not n:
        return None
    texts = [problem[field] for problem in problems for field in ("prompt", "canonical_solution")]
    return BenchmarkOverlap(texts, n)
