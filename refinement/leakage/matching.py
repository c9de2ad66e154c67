"""Count the grams that records share with every question, and keep the best records of each question.

What a record shares with a question is the sum of two parts. Common grams,
which many questions have, are counted once for each combination of them that
occurs. Every other gram is followed to the few questions that have it.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from refinement.leakage.index import Array, View, group_starts

BLOCK = 256  # combinations evaluated at a time


class BestRecords:
    """The ``size`` records that share the most grams with each question; the earlier one first among equals.

    ``counts``, ``records``: of each question (row) the numbers of shared grams
    and the records; 0 and -1 where no further record shares anything.
    """

    def __init__(self, questions: int, size: int) -> None:
        self.counts = np.zeros((questions, size), np.int64)
        self.records = np.full((questions, size), -1)

    @property
    def floor(self) -> Array:
        """Return the number of shared grams that a later record must exceed to be kept, for each question."""
        return self.counts[:, -1]

    def merge(self, questions: Array, records: Array, counts: Array) -> None:
        """Add triples (question, record, shared grams); where a pair occurs twice, its larger number counts."""
        if not len(questions):
            return
        size = self.counts.shape[1]
        touched = np.unique(questions)
        known = self.records[touched].ravel() >= 0
        questions = np.concatenate((np.repeat(touched, size)[known], questions))
        records = np.concatenate((self.records[touched].ravel()[known], records))
        counts = np.concatenate((self.counts[touched].ravel()[known], counts))
        order = np.lexsort((-counts, records, questions))
        first = group_starts(questions[order], records[order])
        order = order[first]
        order = order[np.lexsort((records[order], -counts[order], questions[order]))]
        begins = np.flatnonzero(group_starts(questions[order]))
        rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
        kept = order[rank < size]
        place = (questions[kept], rank[rank < size])
        self.counts[touched], self.records[touched] = 0, -1
        self.counts[place], self.records[place] = counts[kept], records[kept]


class Nearest(NamedTuple):
    """For each text (row) and benchmark (column), the highest similarity and the first question that has it."""

    similarity: Array
    question: Array


class Combinations(NamedTuple):
    """The different combinations of common grams that the texts of a chunk have.

    ``of``: the combination of each text. ``grams``, ``bounds``: combination c
    has the common grams ``grams[bounds[c]:bounds[c + 1]]``. ``members``: the
    first texts that have each combination; -1 where there are no more.
    """

    of: Array
    grams: Array
    bounds: Array
    members: Array


def combine(texts: Array, common: Array, number: int, size: int) -> Combinations:
    """Find the combinations in sorted pairs (text, common gram) of ``number`` texts, with ``size`` members of each."""
    edges = np.searchsorted(texts, np.arange(number + 1))
    raw, numbers = common.astype(np.int32).tobytes(), {}
    of = np.array([numbers.setdefault(raw[4 * a : 4 * b], len(numbers)) for a, b in pairwise(edges.tolist())])
    grams = np.frombuffer(b"".join(numbers), np.int32)
    bounds = np.concatenate(([0], np.cumsum([len(key) // 4 for key in numbers])))
    order = np.argsort(of, kind="stable")
    begins = np.searchsorted(of[order], np.arange(len(numbers)))
    rank = np.arange(number) - begins[of[order]]
    members = np.full((len(numbers), size), -1)
    members[of[order][rank < size], rank[rank < size]] = order[rank < size]
    return Combinations(of, grams, bounds, members)


class Matcher:
    """Counts the grams that a data set shares with all questions, and keeps the best records of each.

    ``size``: how many records it keeps. ``nearest``: whether it also finds the
    nearest question of each text.
    """

    def __init__(self, view: View, bounds: Array, size: int, nearest: bool) -> None:
        self._view, self._bounds, self._nearest = view, bounds, nearest
        self._places = np.searchsorted(bounds, np.arange(len(view.sizes)), side="right") - 1
        self._divisors = np.maximum(view.sizes, 1).astype(float)
        self.best = BestRecords(len(view.sizes), size)

    def add(self, found: Combinations, texts: Array, grams: Array, before: int) -> Nearest | None:
        """Count a chunk of texts by its combinations and its pairs (text, gram) of grams that are not common.

        ``before``: how many records came before this chunk.
        """
        touched, columns, extra = self._follow(texts, grams)
        blocks = found.of[touched] // BLOCK
        order = np.argsort(blocks, kind="stable")
        edges = np.searchsorted(blocks[order], np.arange(-(-len(found.members) // BLOCK) + 1))
        by_combination, added = [], []
        for block, (low, high) in enumerate(pairwise(edges)):
            counts = self._evaluate(found, block * BLOCK)
            mine = order[low:high]
            extra[mine] += counts[found.of[touched[mine]] - block * BLOCK, columns[mine]]
            added.append(self._best(counts, found.members[block * BLOCK :], before))
            by_combination += self._nearest_of(counts) if self._nearest else []
        above = extra > self.best.floor[columns]
        added.append((columns[above], touched[above] + before, extra[above]))
        self.best.merge(*map(np.concatenate, zip(*added, strict=True)))
        return self._join(by_combination, found.of, touched, columns, extra) if self._nearest else None

    def _follow(self, texts: Array, grams: Array) -> tuple[Array, Array, Array]:
        """Return the pairs (text, question) that share a gram which is not common, sorted, and how many each shares."""
        begins = self._view.bounds[grams]
        lengths = self._view.bounds[grams + 1] - begins
        inner = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = self._view.columns[np.repeat(begins, lengths) + inner]
        keys, counts = np.unique(np.repeat(texts, lengths) * len(self._view.sizes) + columns, return_counts=True)
        return *np.divmod(keys, len(self._view.sizes)), counts

    def _evaluate(self, found: Combinations, first: int) -> Array:
        """Count the common grams that each combination of a block (row) shares with each question (column)."""
        bounds = found.bounds[first : first + BLOCK + 1]
        counts = np.zeros((len(bounds) - 1, len(self._view.sizes)), self._view.rows.dtype)
        # One call of numpy's reduceat could do this, but it takes the columns one by one and is up to 20 times as slow.
        for row, (low, high) in zip(counts, pairwise(bounds.tolist()), strict=True):
            self._view.rows.take(found.grams[low:high], axis=0).sum(axis=0, dtype=row.dtype, out=row)
        return counts

    def _best(self, counts: Array, members: Array, before: int) -> tuple[Array, Array, Array]:
        """Return the triples by which a block may improve the best records.

        Of each question, ``size`` combinations and ``size`` texts of each are
        enough, since no more records are kept.
        """
        size = self.best.counts.shape[1]
        members = members[:, :size]
        columns = np.flatnonzero(counts.max(axis=0) > self.best.floor)
        mine, found = np.ascontiguousarray(counts[:, columns].T), []
        for _ in range(min(size, len(counts))):
            rows = mine.argmax(axis=1)
            values = mine[np.arange(len(columns)), rows].astype(np.int64)
            texts = members[rows]
            there = (texts >= 0) & (values > self.best.floor[columns])[:, None]
            found.append(
                (np.repeat(columns, size)[there.ravel()], texts[there] + before, np.repeat(values, size)[there.ravel()])
            )
            mine[np.arange(len(columns)), rows] = -1
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    def _nearest_of(self, counts: Array) -> list[Nearest]:
        shares = counts / self._divisors
        parts = [shares[:, low:high] for low, high in pairwise(self._bounds)]
        question = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        value = np.stack([part.max(axis=1) for part in parts], axis=1)
        return [Nearest(value, question + self._bounds[:-1])]

    def _join(self, by_combination: list[Nearest], of: Array, touched: Array, columns: Array, counts: Array) -> Nearest:
        """Return the nearest questions: those by common grams alone, unless other grams make another one nearer."""
        value, question = (np.concatenate(part)[of] for part in zip(*by_combination, strict=True))
        share, place = counts / self._divisors[columns], self._places[columns]
        order = np.lexsort((columns, -share, place, touched))
        order = order[group_starts(touched[order], place[order])]
        text, where, share, column = touched[order], place[order], share[order], columns[order]
        now = value[text, where]
        better = (share > now) | ((share == now) & (column < question[text, where]))
        value[text[better], where[better]], question[text[better], where[better]] = share[better], column[better]
        return Nearest(value, question)
