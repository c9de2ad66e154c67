"""Look up which grams of any benchmark's questions occur in a text.

Only grams that some question has can count, so the index numbers these alone,
by exact keys. A table of hashes in front of the keys merely skips grams that
certainly belong to no question.
"""

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np

from refinement.leakage.definition import END, FIRST, START, UNKNOWN

COMMON = 24  # a gram that more questions than this have is common: matching.py counts such grams by combinations
Array = np.ndarray


class Benchmark(NamedTuple):
    """The questions of a benchmark, in order, with their ids."""

    name: str
    ids: Sequence[str]
    questions: Sequence[str]


class Chunk(NamedTuple):
    """The padded token numbers of some texts, one text after the other.

    ``starts``: where each text begins, and where the last one ends.
    """

    tokens: Array
    starts: Array


def pad(texts: Sequence[str], number: Callable[[str, int], int]) -> Chunk:
    """Write each text as four START, its tokens' numbers and four END; four UNKNOWN follow the last text.

    ``number``: called with a token and UNKNOWN, returns the token's number.
    """
    split = [text.split() for text in texts]
    lengths = np.fromiter(map(len, split), np.int64, len(split))
    starts = np.concatenate(([0], np.cumsum(lengths + 8)))
    tokens = np.zeros(starts[-1] + 4, np.int64)
    for place in range(4):
        tokens[starts[:-1] + place] = START
        tokens[starts[1:] - 1 - place] = END
    total = int(lengths.sum())
    inside = np.arange(total) + np.repeat(8 * np.arange(len(split)) + 4, lengths)
    tokens[inside] = np.fromiter(map(number, chain.from_iterable(split), repeat(UNKNOWN)), np.int64, total)
    return Chunk(tokens, starts)


def group_starts(*columns: Array) -> Array:
    """Mark the rows that differ from the row before them: there a group of equal rows begins."""
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def _distinct(keys: Array) -> Array:
    """Return each number once, in order. Sorting is faster here than numpy's own function, which hashes."""
    ordered = np.sort(keys)
    return ordered[group_starts(ordered)]


def _find(table: Array, keys: Array) -> tuple[Array, Array]:
    """Return where the keys stand in a sorted table, and which of them the table has."""
    places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return places, table[places] == keys


def _hash(tokens: Array, bits: int) -> Array:
    """Hash every four tokens in a row to a number of ``bits`` bits; different tokens may have the same hash."""
    mixed = tokens.view(np.uint64)
    pair = mixed[:-1] * np.uint64(0x9E3779B97F4A7C15) + mixed[1:] * np.uint64(0xC2B2AE3D27D4EB4F)
    return ((pair[:-2] * np.uint64(0xD6E8FEB86659FD93)) ^ (pair[2:] >> np.uint64(7))) >> np.uint64(64 - bits)


class GramTable:
    """Numbers the grams of all questions, 4-grams first, and finds them in other texts by exact keys.

    The key of a 4-gram consists of the numbers of its two halves; the key of a
    5-gram, of the number of its first four tokens and of its last token.
    """

    def __init__(self, chunk: Chunk, tokens: int) -> None:
        row, self._tokens = chunk.tokens, tokens
        places = np.delete(np.arange(chunk.starts[-1]), (chunk.starts[1:, None] - np.arange(1, 5)).ravel())
        halves = row[:-1] * tokens + row[1:]
        self._halves = _distinct(np.concatenate((halves[places], halves[places + 2])))
        _, fours = self._four_keys(row, places)
        self._fours, four = np.unique(fours, return_inverse=True)
        self._fives, five = np.unique(four * tokens + row[places + 4], return_inverse=True)
        self._bits = min(24, max(12, int(16 * len(self._fours)).bit_length()))
        self._maybe = np.zeros(1 << self._bits, bool)
        self._maybe[_hash(row, self._bits)[places]] = True
        self.size = len(self._fours) + len(self._fives)
        texts = np.searchsorted(chunk.starts, places, side="right") - 1
        own = places != chunk.starts[texts]  # four START in a row are no 4-gram, only the beginning of a 5-gram
        self.texts = np.concatenate((texts[own], texts))
        self.grams = np.concatenate((four[own], five + len(self._fours)))
        inner = np.zeros(self.size, bool)
        words = row >= FIRST
        whole = words[places] & words[places + 1] & words[places + 2] & words[places + 3]
        inner[four[whole]] = True
        inner[five[whole & words[places + 4]] + len(self._fours)] = True
        self.inner = inner

    def _half(self, row: Array, places: Array) -> tuple[Array, Array]:
        return _find(self._halves, row[places] * self._tokens + row[places + 1])

    def _four_keys(self, row: Array, places: Array) -> tuple[Array, Array]:
        """Return the places where both halves of a 4-gram are known, and the keys there."""
        first, known = self._half(row, places)
        places, first = places[known], first[known]
        second, known = self._half(row, places + 2)
        return places[known], (first * len(self._halves) + second)[known]

    def find(self, chunk: Chunk) -> tuple[Array, Array]:
        """Return the distinct pairs (text, gram) in which the gram belongs to a question, sorted; gram < ``size``."""
        row = chunk.tokens
        places, keys = self._four_keys(row, np.flatnonzero(self._maybe[_hash(row, self._bits)]))
        four, known = _find(self._fours, keys)
        places, four = places[known], four[known]
        five, longer = _find(self._fives, four * self._tokens + row[places + 4])
        texts = np.searchsorted(chunk.starts, places, side="right") - 1
        keys = np.concatenate((texts * self.size + four, texts[longer] * self.size + len(self._fours) + five[longer]))
        return tuple(np.divmod(_distinct(keys), self.size))


class View(NamedTuple):
    """Says which questions have which grams: all grams (padded), or only those without a symbol (unpadded).

    ``sizes``: |G(t)| of each question. ``common``: the place of each gram among
    the common ones, or -1; the same in both views. ``rows``: 1 where a question
    (column) has a common gram (row). ``bounds``, ``columns``: the questions of
    gram g, if it is not common, are ``columns[bounds[g]:bounds[g + 1]]``.
    """

    sizes: Array
    common: Array
    rows: Array
    bounds: Array
    columns: Array


def _view(pairs: Array, questions: int, grams: int, kept: Array) -> View:
    gram, question = np.divmod(pairs, questions)
    number = np.bincount(gram, minlength=grams)
    common = np.full(grams, -1)
    often = np.flatnonzero(number > COMMON)
    common[often] = np.arange(len(often))
    gram, question = gram[kept[gram]], question[kept[gram]]
    here = common[gram] >= 0
    # Adding rows is most of the work, so they have the narrowest type that can count a question's common grams.
    most = np.bincount(question[here], minlength=1).max()
    rows = np.zeros((len(often), questions), np.int8 if most <= np.iinfo(np.int8).max else np.int16)
    rows[common[gram[here]], question[here]] = 1
    bounds = np.concatenate(([0], np.cumsum(np.where(kept & (common < 0), number, 0))))
    return View(np.bincount(question, minlength=questions), common, rows, bounds, question[~here])


class Index:
    """All questions of all benchmarks, numbered in order; one look-up covers all of them."""

    def __init__(self, benchmarks: Sequence[Benchmark]) -> None:
        self.benchmarks = list(benchmarks)
        texts = [question for benchmark in benchmarks for question in benchmark.questions]
        # The questions of benchmark b have the numbers from bounds[b] up to bounds[b + 1], which is not among them.
        self.bounds = np.concatenate(([0], np.cumsum([len(benchmark.questions) for benchmark in benchmarks])))
        words = dict.fromkeys(chain.from_iterable(text.split() for text in texts))
        self._numbers = dict(zip(words, range(FIRST, FIRST + len(words)), strict=True))
        self._table = GramTable(pad(texts, self._numbers.get), FIRST + len(words))
        pairs = _distinct(self._table.grams * len(texts) + self._table.texts)
        shape = (len(texts), self._table.size)
        self.padded = _view(pairs, *shape, np.ones(self._table.size, bool))
        self.unpadded = _view(pairs, *shape, self._table.inner)
        del self._table.grams, self._table.texts

    def __len__(self) -> int:
        return len(self.padded.sizes)

    def find(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """Return the distinct pairs (text, gram) in which the gram belongs to a question, sorted."""
        return self._table.find(pad(texts, self._numbers.get))

    def similarities(self, text: str) -> Array:
        """Return S(t, r) of every question t and one text r."""
        return self.shares(self.find([text])[1])

    def shares(self, grams: Array) -> Array:
        """Return S(t, r) of every question t and a text r that has these grams."""
        view = self.padded
        common = view.common[grams]
        often = common >= 0
        columns = [view.columns[view.bounds[gram] : view.bounds[gram + 1]] for gram in grams[~often]]
        rare = np.bincount(np.concatenate([np.zeros(0, np.int64), *columns]), minlength=len(self))
        return (rare + view.rows[common[often]].sum(axis=0, dtype=np.int64)) / np.maximum(view.sizes, 1)
