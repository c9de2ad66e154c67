"""Measure how much of benchmarks' questions stands in training data: the Test Leakage Indicator (TLI).

Several data sets against several benchmarks in one pass, in memory that does
not grow with the data. A source is a JSONL, JSON or Parquet file, gzipped or
not, or hub:NAME[@REVISION][#SPLIT], with NAME= before it to name it; sources
of one name are one data set. A field holds text or messages; "a+b" joins two.

Where asked (--cleaned), records whose similarity to some question reaches the
threshold are dropped and counted, or stop the step. Sees no paraphrase and no
translation (docs/leakage.md).
"""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import IO, Any, NamedTuple

from refinement.leakage.index import Array, Benchmark, Counting, Index, Measure, chunks
from refinement.leakage.leakage_report import describe
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, open_lines, refuse_folder, to_line, write_json
from refinement.records.manifest import digest_files
from refinement.records.sources import TURNS, Row, Texts, name_of, read_rows
from refinement.running.command_line import parser, run_step

SAID = 10  # records named in the log when the gate stays shut


class Source(NamedTuple):
    """A data set or benchmark, by name: where its records are and which field of each is read."""

    name: str
    places: list[str]
    field: str


class Item(NamedTuple):
    """A record with its text."""

    row: Row
    text: str


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    add = options.add_argument
    each_or_all = "; one for all, or one each"
    add("--train", nargs="+", required=True, metavar="SOURCE", help="data sets")
    add("--train-field", nargs="+", required=True, metavar="FIELD", help="what is read of a record" + each_or_all)
    add("--train-turns", choices=TURNS, default="user", help="of messages: user's, user's but the first, assistant's")
    add("--benchmark", nargs="+", required=True, metavar="SOURCE", help="benchmarks")
    add("--benchmark-field", nargs="+", required=True, metavar="FIELD", help="a question's field" + each_or_all)
    add(
        "--benchmark-records", nargs="+", default=["all"], metavar="FIRST-LAST",
        help="which questions, counted from 1" + each_or_all,
    )  # fmt: skip
    add(
        "--benchmark-mention", nargs="+", default=[""], metavar="REGEX",
        help="how a benchmark is named; records with that anywhere in them are counted" + each_or_all,
    )  # fmt: skip
    add("--k", type=int, default=1, help="how many of the highest similarities leak(t) is the mean of")
    add("--nearest", type=int, default=1, help="nearest records listed for each question")
    add("--top", type=int, default=200, help="records of highest similarity listed for each benchmark")
    add("--threshold", type=float, default=0.5, help="similarity from which a record counts as leaked")
    add("--stretch", type=float, default=0, help="and share of the question's words that must stand in a row in it")
    add("--action", choices=("drop", "stop"), default="drop", help="what --cleaned does with those")
    add("--cleaned", help="JSONL: the one data set without them")
    add("--rejected", help="JSONL: the dropped records, with the question and the similarity")
    add("--counts", help="JSON: records in, out, dropped")
    add("--output", required=True, help="JSON: indicators, distributions, nearest records")
    return options


def each(values: Sequence[str], sources: Sequence[str], option: str) -> list[str]:
    """One value for each source. Raises BadInput."""
    if len(values) not in (1, len(sources)):
        raise BadInput(f"{option}: {len(values)} values for {len(sources)} sources; give one for all, or one each")
    return list(values) * (1 if len(values) == len(sources) else len(sources))


def sources_of(places: Sequence[str], fields: Sequence[str], option: str) -> list[Source]:
    """Sources by name; those of one name are joined. Raises BadInput where their fields differ."""
    found: dict[str, Source] = {}
    for place, field in zip(places, each(fields, places, f"{option}-field"), strict=True):
        name, sign, path = place.partition("=")
        name, path = (name, path) if sign and "/" not in name else (place, place)
        source = found.setdefault(name, Source(name, [], field))
        if source.field != field:
            raise BadInput(f"{option}-field: '{source.field}' and '{field}' for {name}; give one")
        source.places.append(path)
    return list(found.values())


def items_of(source: Source, turns: str) -> Iterator[Item]:
    """The records of a source with their texts; those without a later turn are left out where these are asked for."""
    text_of, later, row = Texts(source.field, turns).of, turns == "later", None
    for row in chain.from_iterable(map(read_rows, source.places)):
        text = text_of(row)
        if text or not later:
            yield Item(row, text)
    if row is None:
        raise BadInput(f"{', '.join(source.places)}: no record in it; name another")


def chosen(items: Sequence[tuple[int, Item]], wanted: str, source: Source) -> Sequence[tuple[int, Item]]:
    """The questions of a benchmark that are asked for, numbered as they stand there. Raises BadInput."""
    if wanted == "all":
        return items
    first, _, last = wanted.partition("-")
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= len(items)):
        raise BadInput(f"--benchmark-records {wanted}: must be FIRST-LAST among the {len(items)} of {source.name}")
    return items[int(first) - 1 : int(last)]


def read_benchmark(source: Source, wanted: str) -> Benchmark:
    """A benchmark's questions."""
    items = chosen(list(enumerate(items_of(source, "user"), start=1)), wanted, source)
    ids = [name_of(item.row.record, number) for number, item in items]
    return Benchmark(source.name, ids, [item.text for _, item in items])


class Mentions:
    """Counts the records of a data set that name a benchmark, in whichever field: where they say they come from.

    The indicator sees no paraphrase; a note such as "inspired by HumanEval" gives one away.
    """

    def __init__(self, names: Sequence[str], patterns: Sequence[str]) -> None:
        wanted = {name: pattern for name, pattern in zip(names, patterns, strict=True) if pattern}
        try:
            self._patterns = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in wanted.items()}
        except re.error as error:
            raise BadInput(f"--benchmark-mention: not a regular expression ({error}); mend it") from None
        self.found: dict[str, list[int]] = {name: [] for name in self._patterns}
        self._records = 0

    def add(self, items: Sequence[Item]) -> None:
        """Look through the next records."""
        for item in items if self._patterns else ():
            self._records += 1
            line = to_line(item.row.record)
            for name, pattern in self._patterns.items():
                if pattern.search(line):
                    self.found[name].append(self._records)


def told(entry: Mapping[str, Any]) -> str:
    """One line on a data set and a benchmark."""
    line = (
        f"{entry['dataset']} into {entry['benchmark']}: TLI {entry['padded']['tli']:.2f}, highest "
        f"{entry['padded']['max']:.2f}; {entry['records_leaked']} records reach {entry['threshold']}"
    )
    if "records_naming" in entry:
        line += f"; {entry['records_naming']} of {entry['records']} name it"
    return line + ("; FLAGGED" if entry["flagged"] else "")


class Gate:
    """Lets through the records of a data set that are like no question."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.account = Account("leakage")
        self.found: list[str] = []

    def _name(self, question: int) -> str:
        place = next(i for i, bound in enumerate(self._index.bounds[1:]) if question < bound)
        benchmark = self._index.benchmarks[place]
        return f"{benchmark.name} {benchmark.ids[question - int(self._index.bounds[place])]}"

    def pass_on(self, items: Sequence[Item], found: Array, out: IO[str]) -> None:
        """Write what may be trained on; ``found`` as :meth:`Measure.add` gives it."""
        for item, questions in zip(items, found.tolist(), strict=True):
            self.account.taken += 1
            leaked = [question for question in questions if question >= 0]
            if not leaked:
                self.account.given += 1
                out.write(to_line(item.row.record) + "\n")
                continue
            similarities = self._index.similarities(item.text)
            question = max(leaked, key=similarities.__getitem__)
            name = name_of(item.row.record, self.account.taken)
            detail = f"{self._name(question)}: {similarities[question]:.3f}"
            self.account.reject(name, "leaked", detail)
            self.found.append(f"{name} is like {detail}")

    def close(self, options: Namespace) -> None:
        """Account for what was dropped, or stop. Raises BadInput."""
        print(*self.found, sep="\n")
        if self.found and options.action == "stop":
            raise BadInput(
                f"{len(self.found)} of {self.account.taken} records reach the similarity {options.threshold} to a "
                f"question ({'; '.join(self.found[:3])}); remove them, or let them be dropped (leakage.action: drop)"
            )
        if options.counts:
            self.account.write(options.counts, options.rejected)


def measure_source(source: Source, index: Index, options: Namespace, gate: Gate | None, mentions: Mentions) -> Measure:
    """A data set against all benchmarks; through the gate where there is one."""
    found = Measure(index, options.k, options.nearest, options.top, Counting(options.threshold, options.stretch))
    with ExitStack() as stack:
        out = None
        if gate:
            out = stack.enter_context(open_lines(stack.enter_context(atomic_write(options.cleaned))))
        for items in chunks(items_of(source, options.train_turns), lambda item: item.text):
            leaked = found.add([item.text for item in items])
            mentions.add(items)
            if gate and out:
                gate.pass_on(items, leaked, out)
        if gate:
            gate.close(options)
    return found


def described(source: Source) -> dict[str, object]:
    """What was read, with the digest of each file."""
    files = [place for place in source.places if not place.startswith(("hub:", "evalplus:", "/dev/"))]
    return {"sources": source.places, "field": source.field, "sha256": digest_files(*files)}


def check(options: Namespace, trains: Sequence[Source]) -> None:
    """Raise BadInput for numbers or outputs that make no sense together."""
    for name in ("k", "nearest", "top"):
        if getattr(options, name) < 1:
            raise BadInput(f"--{name} {getattr(options, name)}: must be at least 1")
    if not 0 < options.threshold <= 1:
        raise BadInput(f"--threshold {options.threshold}: must be above 0 and at most 1")
    if not 0 <= options.stretch <= 1:
        raise BadInput(f"--stretch {options.stretch}: must be from 0 to 1")
    if options.cleaned and len(trains) > 1:
        raise BadInput(f"--cleaned: {len(trains)} data sets; clean one at a time")
    if options.cleaned and options.train_turns == "later":
        raise BadInput(
            "--cleaned: records without a later turn are not read by --train-turns later; choose other turns"
        )
    for name, needed in (("counts", "cleaned"), ("rejected", "counts")):
        if getattr(options, name) and not getattr(options, needed):
            raise BadInput(f"--{name}: needs --{needed} as well; add it")
    for path in filter(None, (options.output, options.cleaned, options.counts, options.rejected)):
        refuse_folder(path)


def main(options: Namespace) -> None:
    trains = sources_of(options.train, options.train_field, "--train")
    tests = sources_of(options.benchmark, options.benchmark_field, "--benchmark")
    check(options, trains)
    wanted = each(options.benchmark_records, tests, "--benchmark-records")
    index = Index([read_benchmark(test, part) for test, part in zip(tests, wanted, strict=True)])
    results = []
    for train in trains:
        gate = Gate(index) if options.cleaned else None
        mentions = Mentions(
            [test.name for test in tests], each(options.benchmark_mention, tests, "--benchmark-mention")
        )
        results += describe(measure_source(train, index, options, gate, mentions), train.name, mentions.found)
    print(*map(told, results), sep="\n")
    read = {source.name: described(source) | {"records": part} for source, part in zip(tests, wanted, strict=True)}
    data = {source.name: described(source) | {"turns": options.train_turns} for source in trains}
    write_json(options.output, {"datasets": data, "benchmarks": read, "results": results}, indent=None)


if __name__ == "__main__":
    run_step(main, arguments())
