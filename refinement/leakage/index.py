"""The Test Leakage Indicator: how much of a benchmark's questions stands word for word in training data.

The definition is XCoder's (Wang et al. 2024), which RefineCoder's Table 3 and
Figure 7 use. A text is split at white space, case kept; G is the one set of
its 4-grams and 5-grams, with n - 1 symbols before its start and after its end.
The similarity of a training record r to a test question t is

    S(t, r) = |G(t) & G(r)| / |G(t)|,

leak(t) is the mean of its k largest values, and TLI the mean of leak(t) over
a benchmark's questions. Without the symbols ("unpadded") short questions that
only begin or end alike are not counted as overlap.

Only grams of questions can count, so these alone are numbered, by exact keys;
a table of hashes in front of them merely skips what is surely none of them.
What a record shares with a question is the sum of two parts: grams that many
questions have, evaluated once for each combination that occurs, and the others,
which are followed to their few questions.

The symbols are no text: a token that is spelled like one is another token.
Sees neither paraphrase nor translation (docs/leakage.md).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, pairwise, repeat
from typing import Any, NamedTuple, TypeVar

import numpy as np

UNKNOWN, START, END, FIRST = 0, 1, 2, 3  # token numbers; those of tokens begin at FIRST
COMMON = 24  # a gram of more questions than this is evaluated by combinations
BINS = 10  # of similarities from 0 to 1
BLOCK = 256  # combinations evaluated at a time
RECORDS, CHARACTERS = 2048, 1 << 20  # of a chunk, at most
Array = np.ndarray
Gram = tuple[str | int, ...]
T = TypeVar("T")


def grams_of(text: str, padded: bool = True) -> set[Gram]:
    """G of the definition, written as it reads; the symbols are the numbers START and END."""
    tokens, found = text.split(), set()
    for n in (4, 5):
        row = [START] * (n - 1) + tokens + [END] * (n - 1) if padded else tokens
        found.update(zip(*(row[start:] for start in range(n)), strict=False))
    return found


def similarity(question: str, record: str, padded: bool = True) -> float:
    """S(t, r) as defined; 0 for a question without a gram."""
    own = grams_of(question, padded)
    return len(own & grams_of(record, padded)) / max(len(own), 1)


def shared_grams(question: str, record: str) -> list[str]:
    """The grams that both have, as text, in the order of the question; symbols as <s> and </s>."""
    known, symbols = grams_of(record), {START: "<s>", END: "</s>"}
    row = [START] * 4 + question.split() + [END] * 4
    rows = (tuple(row[place : place + n]) for place in range(len(row) - 4) for n in (4, 5))
    found = dict.fromkeys(gram for gram in rows if gram in known)
    return [" ".join(symbols[part] if isinstance(part, int) else part for part in gram) for gram in found]


def stretch(question: str, record: str) -> float:
    """The longest run of the question's tokens that stands in the record too, as a share of them; 1 for no tokens.

    Sets of grams forget their order: a short question may have all of its
    grams in a longer text that says something else.
    """
    own, other = question.split(), record.split()
    return SequenceMatcher(None, own, other, autojunk=False).find_longest_match().size / len(own) if own else 1.0


class Benchmark(NamedTuple):
    """A benchmark's questions in order."""

    name: str
    ids: Sequence[str]
    questions: Sequence[str]


class Chunk(NamedTuple):
    """Padded token numbers of some texts, one after the other, and where each begins (one bound more than texts)."""

    tokens: Array
    starts: Array


def pad(texts: Sequence[str], number: Callable[[str, int], int]) -> Chunk:
    """Four START, the tokens by ``number(token, UNKNOWN)``, four END, for each text; four UNKNOWN after all."""
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


def _starts(*columns: Array) -> Array:
    """Where a run of equal rows begins, as a mask."""
    new = np.zeros(len(columns[0]), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def _distinct(keys: Array) -> Array:
    """Each number once, in order; by sorting, which here is faster than numpy's own way."""
    ordered = np.sort(keys)
    return ordered[_starts(ordered)]


def _find(table: Array, keys: Array) -> tuple[Array, Array]:
    """Places of keys in a sorted table, and which of them are there."""
    places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return places, table[places] == keys


def _hash(tokens: Array, bits: int) -> Array:
    """A number of so many bits for each four tokens in a row; different rows may share one."""
    mixed = tokens.view(np.uint64)
    pair = mixed[:-1] * np.uint64(0x9E3779B97F4A7C15) + mixed[1:] * np.uint64(0xC2B2AE3D27D4EB4F)
    return ((pair[:-2] * np.uint64(0xD6E8FEB86659FD93)) ^ (pair[2:] >> np.uint64(7))) >> np.uint64(64 - bits)


class GramTable:
    """Numbers of the grams of all questions: 4-grams first, then 5-grams, each found by an exact key.

    A 4-gram's key is made of the numbers of its two halves, a 5-gram's of the
    number of its first four tokens and its last token.
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
        """The places where both halves are known, and the keys there."""
        first, known = self._half(row, places)
        places, first = places[known], first[known]
        second, known = self._half(row, places + 2)
        return places[known], (first * len(self._halves) + second)[known]

    def find(self, chunk: Chunk) -> tuple[Array, Array]:
        """The distinct (text, gram) of a chunk that some question has too, sorted; gram below ``size``."""
        row = chunk.tokens
        places, keys = self._four_keys(row, np.flatnonzero(self._maybe[_hash(row, self._bits)]))
        four, known = _find(self._fours, keys)
        places, four = places[known], four[known]
        five, longer = _find(self._fives, four * self._tokens + row[places + 4])
        texts = np.searchsorted(chunk.starts, places, side="right") - 1
        keys = np.concatenate((texts * self.size + four, texts[longer] * self.size + len(self._fours) + five[longer]))
        return tuple(np.divmod(_distinct(keys), self.size))


class View(NamedTuple):
    """Which questions have which grams: all of them, or those without a symbol.

    ``sizes``: |G| of each question. ``common``: place of a gram among the
    common ones, or -1, the same in both views. ``rows``: 1 where a question
    (column) has a common gram (row). ``bounds``, ``columns``: the questions of
    each other gram.
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
    # Sums of rows are most of the work: the narrowest type that holds a question's common grams.
    most = np.bincount(question[here], minlength=1).max()
    rows = np.zeros((len(often), questions), np.int8 if most <= np.iinfo(np.int8).max else np.int16)
    rows[common[gram[here]], question[here]] = 1
    bounds = np.concatenate(([0], np.cumsum(np.where(kept & (common < 0), number, 0))))
    return View(np.bincount(question, minlength=questions), common, rows, bounds, question[~here])


class Index:
    """All questions of all benchmarks, numbered in order, ready to be looked up at once."""

    def __init__(self, benchmarks: Sequence[Benchmark]) -> None:
        self.benchmarks = list(benchmarks)
        texts = [question for benchmark in benchmarks for question in benchmark.questions]
        # The first benchmark's first question is number 0; bounds[b] is the first of benchmark b.
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
        """The distinct (text, gram) of texts that some question has too, sorted."""
        return self._table.find(pad(texts, self._numbers.get))

    def similarities(self, text: str) -> Array:
        """S(t, r) of one text and every question."""
        return self.shares(self.find([text])[1])

    def shares(self, grams: Array) -> Array:
        """The same of a text that has these grams."""
        view = self.padded
        common = view.common[grams]
        often = common >= 0
        columns = [view.columns[view.bounds[gram] : view.bounds[gram + 1]] for gram in grams[~often]]
        rare = np.bincount(np.concatenate([np.zeros(0, np.int64), *columns]), minlength=len(self))
        return (rare + view.rows[common[often]].sum(axis=0, dtype=np.int64)) / np.maximum(view.sizes, 1)


class Top:
    """The records that share most with each question: the larger number first, then the earlier record.

    ``counts``, ``records``: (questions, size); record -1, count 0 where there is none that shares anything.
    """

    def __init__(self, questions: int, size: int) -> None:
        self.counts = np.zeros((questions, size), np.int64)
        self.records = np.full((questions, size), -1)

    @property
    def floor(self) -> Array:
        """What a later record must exceed to be among a question's."""
        return self.counts[:, -1]

    def merge(self, questions: Array, records: Array, counts: Array) -> None:
        """Add triples of (question, record, number of shared grams); of the same pair, the largest number counts."""
        if not len(questions):
            return
        size = self.counts.shape[1]
        touched = np.unique(questions)
        known = self.records[touched].ravel() >= 0
        questions = np.concatenate((np.repeat(touched, size)[known], questions))
        records = np.concatenate((self.records[touched].ravel()[known], records))
        counts = np.concatenate((self.counts[touched].ravel()[known], counts))
        order = np.lexsort((-counts, records, questions))
        first = _starts(questions[order], records[order])
        order = order[first]
        order = order[np.lexsort((records[order], -counts[order], questions[order]))]
        begins = np.flatnonzero(_starts(questions[order]))
        rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
        kept = order[rank < size]
        place = (questions[kept], rank[rank < size])
        self.counts[touched], self.records[touched] = 0, -1
        self.counts[place], self.records[place] = counts[kept], records[kept]


class Nearest(NamedTuple):
    """Of each text (row) and benchmark (column): the highest similarity and the first question that has it."""

    similarity: Array
    question: Array


class Combinations(NamedTuple):
    """The combinations of common grams in a chunk.

    ``of``: combination of each text. ``grams``, ``bounds``: the common grams
    of each. ``members``: its first texts, -1 where there are no more.
    """

    of: Array
    grams: Array
    bounds: Array
    members: Array


def _combine(texts: Array, common: Array, number: int, size: int) -> Combinations:
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
    """Counts of shared grams of one data set with all questions, kept as each question's top.

    ``nearest``: whether the nearest question of each text is wanted too.
    """

    def __init__(self, view: View, bounds: Array, size: int, nearest: bool) -> None:
        self._view, self._bounds, self._nearest = view, bounds, nearest
        self._places = np.searchsorted(bounds, np.arange(len(view.sizes)), side="right") - 1
        self._divisors = np.maximum(view.sizes, 1).astype(float)
        self.top = Top(len(view.sizes), size)

    def add(self, found: Combinations, texts: Array, grams: Array, before: int) -> Nearest | None:
        """Count a chunk of texts, the first of them record ``before``, by its combinations and the other pairs."""
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
        above = extra > self.top.floor[columns]
        added.append((columns[above], touched[above] + before, extra[above]))
        self.top.merge(*map(np.concatenate, zip(*added, strict=True)))
        return self._join(by_combination, found.of, touched, columns, extra) if self._nearest else None

    def _follow(self, texts: Array, grams: Array) -> tuple[Array, Array, Array]:
        """The distinct (text, question) that share a rare gram, sorted, and how many."""
        begins = self._view.bounds[grams]
        lengths = self._view.bounds[grams + 1] - begins
        inner = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = self._view.columns[np.repeat(begins, lengths) + inner]
        keys, counts = np.unique(np.repeat(texts, lengths) * len(self._view.sizes) + columns, return_counts=True)
        return *np.divmod(keys, len(self._view.sizes)), counts

    def _evaluate(self, found: Combinations, first: int) -> Array:
        """Shared common grams of a block of combinations (rows) with every question (columns)."""
        bounds = found.bounds[first : first + BLOCK + 1]
        counts = np.zeros((len(bounds) - 1, len(self._view.sizes)), self._view.rows.dtype)
        # numpy's reduceat, which does all of this, goes through the columns one by one: up to 20 times as slow.
        for row, (low, high) in zip(counts, pairwise(bounds.tolist()), strict=True):
            self._view.rows.take(found.grams[low:high], axis=0).sum(axis=0, dtype=row.dtype, out=row)
        return counts

    def _best(self, counts: Array, members: Array, before: int) -> tuple[Array, Array, Array]:
        """What a block adds to the tops: as many combinations, and of each as many texts, as a top holds."""
        size = self.top.counts.shape[1]
        members = members[:, :size]
        columns = np.flatnonzero(counts.max(axis=0) > self.top.floor)
        mine, found = np.ascontiguousarray(counts[:, columns].T), []
        for _ in range(min(size, len(counts))):
            rows = mine.argmax(axis=1)
            values = mine[np.arange(len(columns)), rows].astype(np.int64)
            texts = members[rows]
            there = (texts >= 0) & (values > self.top.floor[columns])[:, None]
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
        """The nearest question by common grams alone, or one that shares a rare gram as well."""
        value, question = (np.concatenate(part)[of] for part in zip(*by_combination, strict=True))
        share, place = counts / self._divisors[columns], self._places[columns]
        order = np.lexsort((columns, -share, place, touched))
        order = order[_starts(touched[order], place[order])]
        text, where, share, column = touched[order], place[order], share[order], columns[order]
        now = value[text, where]
        better = (share > now) | ((share == now) & (column < question[text, where]))
        value[text[better], where[better]], question[text[better], where[better]] = share[better], column[better]
        return Nearest(value, question)


class Likest(NamedTuple):
    """The records of a data set with the highest similarity to any question of a benchmark, highest first.

    ``leaked``: whether they count as leaked.
    """

    similarity: Array
    record: Array
    question: Array
    leaked: Array


class Counting(NamedTuple):
    """From when on a record counts as leaked: its similarity to a question, and the question's words in a row there."""

    threshold: float = 1.0
    stretch: float = 0.0

    def met(self, question: str, record: str) -> bool:
        """Whether enough of the question's words stand in a row in the record."""
        return not self.stretch or stretch(question, record) >= self.stretch


class Measure:
    """What is known of one data set against all questions, as its records pass by once.

    ``k``: of the definition. ``nearest``: records kept for each question.
    ``top``: records kept for each benchmark. ``counting``: which
    records are counted as leaked. Memory does not grow with the
    number of records.
    """

    def __init__(
        self, index: Index, k: int = 1, nearest: int = 1, top: int = 200, counting: Counting | None = None
    ) -> None:
        self.index, self.k, self.records, self.counting = index, k, 0, counting or Counting()
        self._kept, self._size = nearest, top
        self._padded = Matcher(index.padded, index.bounds, max(k, nearest), nearest=True)
        self._unpadded = Matcher(index.unpadded, index.bounds, k, nearest=False)
        self.likest = [Likest(*(np.zeros(0, kind) for kind in (float, int, int, bool))) for _ in index.benchmarks]
        self._questions = [question for benchmark in index.benchmarks for question in benchmark.questions]
        self.texts: dict[int, str] = {}  # of the records that are nearest to some question
        self.histogram = np.zeros((len(index.benchmarks), BINS), int)
        self.records_leaked = np.zeros(len(index.benchmarks), int)
        self.questions_leaked = np.zeros(len(index), bool)

    def add(self, texts: Sequence[str]) -> Array:
        """Count the next records; of each (row) and benchmark (column) the question that it leaks, or -1."""
        rows, grams = self.index.find(texts)
        common = self.index.padded.common[grams]
        often = common >= 0
        combinations = _combine(rows[often], common[often], len(texts), max(self.k, self._kept))
        rest = rows[~often], grams[~often]
        found = self._padded.add(combinations, *rest, self.records)
        self._unpadded.add(combinations, *rest, self.records)
        leaked = self._leaked(found, rows, grams, texts)
        self._keep(found, leaked, texts)
        self.records += len(texts)
        return leaked

    def _leaked(self, found: Nearest, rows: Array, grams: Array, texts: Sequence[str]) -> Array:
        leaked = np.full(found.similarity.shape, -1)
        for text in np.flatnonzero((found.similarity >= self.counting.threshold).any(axis=1)):
            similarity = self.index.shares(grams[slice(*np.searchsorted(rows, (text, text + 1)))])
            for question in np.flatnonzero(similarity >= self.counting.threshold):
                if self.counting.met(self._questions[question], texts[text]):
                    self.questions_leaked[question] = True
                    place = np.searchsorted(self.index.bounds, question, side="right") - 1
                    known = leaked[text, place]
                    if known < 0 or similarity[question] > similarity[known]:
                        leaked[text, place] = question
        self.records_leaked += (leaked >= 0).sum(axis=0)
        return leaked

    def _keep(self, found: Nearest, leaked: Array, texts: Sequence[str]) -> None:
        for place, old in enumerate(self.likest):
            value = np.concatenate((old.similarity, found.similarity[:, place]))
            record = np.concatenate((old.record, np.arange(len(texts)) + self.records))
            question = np.concatenate((old.question, found.question[:, place]))
            order = np.lexsort((record, -value))[: self._size]
            counted = np.concatenate((old.leaked, leaked[:, place] >= 0))
            self.likest[place] = Likest(value[order], record[order], question[order], counted[order])
            self.histogram[place] += histogram(found.similarity[:, place])
        wanted = set(self._padded.top.records[:, : self._kept].ravel().tolist()) - {-1}
        self.texts = {
            record: self.texts[record] if record < self.records else texts[record - self.records] for record in wanted
        }

    def leak(self, padded: bool = True) -> Array:
        """leak(t) of every question."""
        matcher = self._padded if padded else self._unpadded
        counts = matcher.top.counts[:, : self.k].sum(axis=1)
        return counts / np.maximum(matcher._view.sizes, 1) / min(self.k, max(self.records, 1))

    def nearest(self, question: int) -> Iterator[tuple[int, float]]:
        """The nearest records of a question that share anything with it, and their similarities."""
        top, size = self._padded.top, int(self.index.padded.sizes[question])
        for record, count in zip(top.records[question, : self._kept], top.counts[question, : self._kept], strict=True):
            if record >= 0:
                yield int(record), int(count) / size


def histogram(values: Array) -> Array:
    """How many similarities lie in each of the equal bins from 0 to 1, 1 itself in the last."""
    return np.bincount(np.minimum((values * BINS).astype(int), BINS - 1), minlength=BINS)


def chunks(items: Iterable[T], text_of: Callable[[T], str]) -> Iterator[list[T]]:
    """Items in lists whose texts are small enough to be counted at once."""
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
    """All texts of a data set against an index; options are those of :class:`Measure`."""
    result = Measure(index, **options)
    for batch in chunks(texts, str):
        result.add(batch)
    return result
