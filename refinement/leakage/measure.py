"""Measure one data set against all questions while its records pass by once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from refinement.leakage.definition import stretch
from refinement.leakage.index import Array, Index
from refinement.leakage.matching import Matcher, Nearest, combine

BINS = 10  # of similarities from 0 to 1
RECORDS, CHARACTERS = 2048, 1 << 20  # the most that is counted at once
T = TypeVar("T")


class TopRecords(NamedTuple):
    """The records of a data set that are most similar to any question of a benchmark, most similar first.

    ``question``: the nearest question of each. ``leaked``: whether it counts as leaked.
    """

    similarity: Array
    record: Array
    question: Array
    leaked: Array


class LeakCriterion(NamedTuple):
    """When a record counts as leaked from a question.

    ``threshold``: the similarity that it must reach. ``stretch``: the share of
    the question's words that it must contain in one sequence.
    """

    threshold: float = 1.0
    stretch: float = 0.0

    def has_stretch(self, question: str, record: str) -> bool:
        """Say whether the record contains a long enough sequence of the question's words."""
        return not self.stretch or stretch(question, record) >= self.stretch


class Measure:
    """Everything measured of one data set against all questions.

    ``k``: as in the definition. ``nearest``: how many records it keeps for each
    question. ``top``: how many records it keeps for each benchmark.
    ``criterion``: which records count as leaked. Its memory does not grow with
    the number of records.
    """

    def __init__(
        self, index: Index, k: int = 1, nearest: int = 1, top: int = 200, criterion: LeakCriterion | None = None
    ) -> None:
        self.index, self.k, self.records, self.criterion = index, k, 0, criterion or LeakCriterion()
        self._kept, self._size = nearest, top
        self._padded = Matcher(index.padded, index.bounds, max(k, nearest), nearest=True)
        self._unpadded = Matcher(index.unpadded, index.bounds, k, nearest=False)
        self.top_records = [
            TopRecords(*(np.zeros(0, kind) for kind in (float, int, int, bool))) for _ in index.benchmarks
        ]
        self._questions = [question for benchmark in index.benchmarks for question in benchmark.questions]
        self.texts: dict[int, str] = {}  # only of records that are among the nearest of some question
        self.histogram = np.zeros((len(index.benchmarks), BINS), int)
        self.records_leaked = np.zeros(len(index.benchmarks), int)
        self.questions_leaked = np.zeros(len(index), bool)

    def add(self, texts: Sequence[str]) -> Array:
        """Count the next records; return the question that each (row) leaks of each benchmark (column), or -1."""
        rows, grams = self.index.find(texts)
        common = self.index.padded.common[grams]
        often = common >= 0
        combinations = combine(rows[often], common[often], len(texts), max(self.k, self._kept))
        rest = rows[~often], grams[~often]
        found = self._padded.add(combinations, *rest, self.records)
        self._unpadded.add(combinations, *rest, self.records)
        leaked = self._leaked(found, rows, grams, texts)
        self._keep(found, leaked, texts)
        self.records += len(texts)
        return leaked

    def _leaked(self, found: Nearest, rows: Array, grams: Array, texts: Sequence[str]) -> Array:
        leaked = np.full(found.similarity.shape, -1)
        for text in np.flatnonzero((found.similarity >= self.criterion.threshold).any(axis=1)):
            similarity = self.index.shares(grams[slice(*np.searchsorted(rows, (text, text + 1)))])
            for question in np.flatnonzero(similarity >= self.criterion.threshold):
                if self.criterion.has_stretch(self._questions[question], texts[text]):
                    self.questions_leaked[question] = True
                    place = np.searchsorted(self.index.bounds, question, side="right") - 1
                    known = leaked[text, place]
                    if known < 0 or similarity[question] > similarity[known]:
                        leaked[text, place] = question
        self.records_leaked += (leaked >= 0).sum(axis=0)
        return leaked

    def _keep(self, found: Nearest, leaked: Array, texts: Sequence[str]) -> None:
        for place, old in enumerate(self.top_records):
            value = np.concatenate((old.similarity, found.similarity[:, place]))
            record = np.concatenate((old.record, np.arange(len(texts)) + self.records))
            question = np.concatenate((old.question, found.question[:, place]))
            order = np.lexsort((record, -value))[: self._size]
            counted = np.concatenate((old.leaked, leaked[:, place] >= 0))
            self.top_records[place] = TopRecords(value[order], record[order], question[order], counted[order])
            self.histogram[place] += histogram(found.similarity[:, place])
        wanted = set(self._padded.best.records[:, : self._kept].ravel().tolist()) - {-1}
        self.texts = {
            record: self.texts[record] if record < self.records else texts[record - self.records] for record in wanted
        }

    def leak(self, padded: bool = True) -> Array:
        """Return leak(t) of every question."""
        matcher, view = (self._padded, self.index.padded) if padded else (self._unpadded, self.index.unpadded)
        counts = matcher.best.counts[:, : self.k].sum(axis=1)
        return counts / np.maximum(view.sizes, 1) / min(self.k, max(self.records, 1))

    def nearest(self, question: int) -> Iterator[tuple[int, float]]:
        """Yield the nearest records that share anything with a question, and their similarities."""
        size = int(self.index.padded.sizes[question])
        records, counts = (
            kept[question, : self._kept] for kept in (self._padded.best.records, self._padded.best.counts)
        )
        for record, count in zip(records, counts, strict=True):
            if record >= 0:
                yield int(record), int(count) / size


def histogram(values: Array) -> Array:
    """Count the similarities in each of the equal bins from 0 to 1; 1 itself belongs to the last bin."""
    return np.bincount(np.minimum((values * BINS).astype(int), BINS - 1), minlength=BINS)


def chunks(items: Iterable[T], text_of: Callable[[T], str]) -> Iterator[list[T]]:
    """Yield the items in lists whose texts are small enough to be counted at once."""
    batch: list[T] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(text_of(item))
        if len(batch) == RECORDS or size > CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def measure(texts: Iterable[str], index: Index, **options: Any) -> Measure:
    """Measure all texts of a data set against an index; ``options`` are those of :class:`Measure`."""
    result = Measure(index, **options)
    for batch in chunks(texts, str):
        result.add(batch)
    return result
