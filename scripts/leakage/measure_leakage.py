"""Measure how much of benchmarks' questions training data contains: the Test Leakage Indicator (TLI).

One pass measures several data sets against several benchmarks, in memory that
does not grow with the data. A SOURCE is a JSONL, JSON or Parquet file, gzipped
or not, or hub:NAME[@REVISION][#SPLIT]. Write NAME=SOURCE to name it; sources
of the same name form one data set. A FIELD holds text or messages; a+b joins
the two fields a and b.

With --cleaned, records whose similarity to some question reaches the threshold
are dropped and counted, or they stop the step. The indicator recognises neither
paraphrases nor translations (docs/leakage.md).
"""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import IO, Any, NamedTuple

from refinement.leakage.index import Array, Benchmark, Index
from refinement.leakage.leakage_report import describe
from refinement.leakage.measure import LeakCriterion, Measure, chunks
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, open_lines, refuse_folder, to_line, write_json
from refinement.records.manifest import digest_files
from refinement.records.sources import TURNS, Row, Texts, name_of, read_rows
from refinement.running.command_line import parser, run_step

NAMED = 3  # leaked records that the error message names; the log names all of them


class Source(NamedTuple):
    """A data set or benchmark: its name, where its records are, and the field of them that is read."""

    name: str
    places: list[str]
    field: str


class Item(NamedTuple):
    """A record, and the text in the field that is read."""

    row: Row
    text: str


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    add = options.add_argument
    each_or_all = "; give one for all sources, or one for each"
    add("--train", nargs="+", required=True, metavar="SOURCE", help="the data sets")
    add("--train-field", nargs="+", required=True, metavar="FIELD", help="field to read in a record" + each_or_all)
    add(
        "--train-turns", choices=TURNS, default="user",
        help="where the field holds messages, which to read: the user's, the user's after the first, the assistant's",
    )  # fmt: skip
    add("--benchmark", nargs="+", required=True, metavar="SOURCE", help="the benchmarks")
    add("--benchmark-field", nargs="+", required=True, metavar="FIELD", help="field with the question" + each_or_all)
    add(
        "--benchmark-records", nargs="+", default=["all"], metavar="FIRST-LAST",
        help="which questions to use, counted from 1" + each_or_all,
    )  # fmt: skip
    add(
        "--benchmark-mention", nargs="+", default=[""], metavar="REGEX",
        help="how texts name the benchmark; counts the records that do, in whichever field" + each_or_all,
    )  # fmt: skip
    add("--k", type=int, default=1, help="leak(t) is the mean of this many highest similarities")
    add("--nearest", type=int, default=1, help="how many nearest records to list for each question")
    add("--top", type=int, default=200, help="how many most similar records to list for each benchmark")
    add("--threshold", type=float, default=0.5, help="a record counts as leaked from this similarity on")
    add(
        "--stretch", type=float, default=0,
        help="a leaked record must also contain this share of the question's words in one sequence",
    )  # fmt: skip
    add("--action", choices=("drop", "stop"), default="drop", help="what --cleaned does about leaked records")
    add("--cleaned", help="JSONL: write the one data set here, without its leaked records")
    add("--rejected", help="JSONL: write the dropped records here, each with its question and similarity")
    add("--counts", help="JSON: write the numbers of records in, out and dropped here")
    add("--output", required=True, help="JSON: indicators, distributions, nearest records")
    return options


def each(values: Sequence[str], sources: Sequence[str], option: str) -> list[str]:
    """Return one value for each source. Raises BadInput if their number fits neither all sources nor each."""
    if len(values) not in (1, len(sources)):
        raise BadInput(f"{option}: {len(values)} values for {len(sources)} sources; give one for all, or one for each")
    return list(values) * (1 if len(values) == len(sources) else len(sources))


def sources_of(places: Sequence[str], fields: Sequence[str], option: str) -> list[Source]:
    """Join the places of the same name into one source. Raises BadInput if their fields differ."""
    found: dict[str, Source] = {}
    for place, field in zip(places, each(fields, places, f"{option}-field"), strict=True):
        name, sign, path = place.partition("=")
        name, path = (name, path) if sign and "/" not in name else (place, place)
        source = found.setdefault(name, Source(name, [], field))
        if source.field != field:
            raise BadInput(
                f"{option}-field: '{source.field}' and '{field}' for {name}; give all its sources the same field"
            )
        source.places.append(path)
    return list(found.values())


def items_of(source: Source, turns: str) -> Iterator[Item]:
    """Yield the records of a source with their texts; if later turns are read, leave out records without one."""
    text_of, later, row = Texts(source.field, turns).of, turns == "later", None
    for row in chain.from_iterable(map(read_rows, source.places)):
        text = text_of(row)
        if text or not later:
            yield Item(row, text)
    if row is None:
        raise BadInput(f"{', '.join(source.places)}: contains no record; name another source")


def chosen(items: Sequence[tuple[int, Item]], wanted: str, source: Source) -> Sequence[tuple[int, Item]]:
    """Return the wanted questions of a benchmark with their numbers in it. Raises BadInput if it has no such range."""
    if wanted == "all":
        return items
    first, _, last = wanted.partition("-")
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= len(items)):
        raise BadInput(f"--benchmark-records {wanted}: must be FIRST-LAST among the {len(items)} of {source.name}")
    return items[int(first) - 1 : int(last)]


def read_benchmark(source: Source, wanted: str) -> Benchmark:
    """Read the wanted questions of a benchmark."""
    items = chosen(list(enumerate(items_of(source, "user"), start=1)), wanted, source)
    ids = [name_of(item.row.record, number) for number, item in items]
    return Benchmark(source.name, ids, [item.text for _, item in items])


class Mentions:
    """Finds the records of a data set that name a benchmark, in whichever field.

    The indicator does not recognise a paraphrase, but a note such as "inspired
    by HumanEval" gives it away.
    """

    def __init__(self, names: Sequence[str], patterns: Sequence[str]) -> None:
        wanted = {name: pattern for name, pattern in zip(names, patterns, strict=True) if pattern}
        try:
            self._patterns = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in wanted.items()}
        except re.error as error:
            raise BadInput(f"--benchmark-mention: not a regular expression ({error}); correct it") from None
        self.found: dict[str, list[int]] = {name: [] for name in self._patterns}
        self._records = 0

    def add(self, items: Sequence[Item]) -> None:
        """Search the next records."""
        for item in items if self._patterns else ():
            self._records += 1
            line = to_line(item.row.record)
            for name, pattern in self._patterns.items():
                if pattern.search(line):
                    self.found[name].append(self._records)


def summary(entry: Mapping[str, Any]) -> str:
    """Say in one line what was found of a benchmark in a data set."""
    line = (
        f"{entry['dataset']} into {entry['benchmark']}: TLI {entry['padded']['tli']:.2f}, highest "
        f"{entry['padded']['max']:.2f}; {entry['records_leaked']} records reach {entry['threshold']}"
    )
    if "records_naming" in entry:
        line += f"; {entry['records_naming']} of {entry['records']} name it"
    return line + ("; FLAGGED" if entry["flagged"] else "")


class Gate:
    """Writes the records of a data set that may be trained on, and accounts for the leaked ones."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.account = Account("leakage")
        self.leaked: list[str] = []

    def _name(self, question: int) -> str:
        place = next(i for i, bound in enumerate(self._index.bounds[1:]) if question < bound)
        benchmark = self._index.benchmarks[place]
        return f"{benchmark.name} {benchmark.ids[question - int(self._index.bounds[place])]}"

    def pass_on(self, items: Sequence[Item], found: Array, out: IO[str]) -> None:
        """Write the records that leak no question; ``found`` is what :meth:`Measure.add` returned for them."""
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
            self.leaked.append(f"{name} is like {detail}")

    def close(self, options: Namespace) -> None:
        """Write the account of the dropped records. Raises BadInput if leaked records are to stop the step."""
        print(*self.leaked, sep="\n")
        if self.leaked and options.action == "stop":
            raise BadInput(
                f"{len(self.leaked)} of {self.account.taken} records reach the similarity {options.threshold} to a "
                f"question ({'; '.join(self.leaked[:NAMED])}); remove them, or have them dropped (leakage.action: drop)"
            )
        if options.counts:
            self.account.write(options.counts, options.rejected)


def measure_source(source: Source, index: Index, options: Namespace, gate: Gate | None, mentions: Mentions) -> Measure:
    """Measure a data set against all benchmarks; where there is a gate, pass its records through it."""
    found = Measure(index, options.k, options.nearest, options.top, LeakCriterion(options.threshold, options.stretch))
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
    """Describe what was read, with the digest of each file."""
    files = [place for place in source.places if not place.startswith(("hub:", "evalplus:", "/dev/"))]
    return {"sources": source.places, "field": source.field, "sha256": digest_files(*files)}


def check(options: Namespace, trains: Sequence[Source]) -> None:
    """Raise BadInput for options that are out of range or do not fit each other."""
    for name in ("k", "nearest", "top"):
        if getattr(options, name) < 1:
            raise BadInput(f"--{name} {getattr(options, name)}: must be at least 1")
    if not 0 < options.threshold <= 1:
        raise BadInput(f"--threshold {options.threshold}: must be above 0 and at most 1")
    if not 0 <= options.stretch <= 1:
        raise BadInput(f"--stretch {options.stretch}: must be from 0 to 1")
    if options.cleaned and len(trains) > 1:
        raise BadInput(f"--cleaned: {len(trains)} data sets were given; clean one at a time")
    if options.cleaned and options.train_turns == "later":
        raise BadInput(
            "--cleaned: --train-turns later does not read records without a later turn, which would be lost; "
            "choose other turns"
        )
    for name, needed in (("counts", "cleaned"), ("rejected", "counts")):
        if getattr(options, name) and not getattr(options, needed):
            raise BadInput(f"--{name}: needs --{needed} as well; add it")
    for path in filter(None, (options.output, options.cleaned, options.counts, options.rejected)):
        refuse_folder(path)


def main(options: Namespace) -> None:
    trains = sources_of(options.train, options.train_field, "--train")
    benchmarks = sources_of(options.benchmark, options.benchmark_field, "--benchmark")
    check(options, trains)
    wanted = each(options.benchmark_records, benchmarks, "--benchmark-records")
    index = Index([read_benchmark(source, part) for source, part in zip(benchmarks, wanted, strict=True)])
    results = []
    for train in trains:
        gate = Gate(index) if options.cleaned else None
        mentions = Mentions(
            [source.name for source in benchmarks], each(options.benchmark_mention, benchmarks, "--benchmark-mention")
        )
        results += describe(measure_source(train, index, options, gate, mentions), train.name, mentions.found)
    print(*map(summary, results), sep="\n")
    read = {source.name: described(source) | {"records": part} for source, part in zip(benchmarks, wanted, strict=True)}
    data = {source.name: described(source) | {"turns": options.train_turns} for source in trains}
    write_json(options.output, {"datasets": data, "benchmarks": read, "results": results}, indent=None)


if __name__ == "__main__":
    run_step(main, arguments())
