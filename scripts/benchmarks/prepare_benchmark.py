"""Convert a benchmark's own data into problems: the prompts for models, and the tests of their answers.

The data is a file (JSONL, JSON or Parquet, optionally gzipped) or a data set on the hub
at a revision. Among the settings, limit keeps only the first problems; size is the
number of problems in the whole benchmark, so that another revision of the data is
noticed. unsolvable says how to score problems whose canonical solution does not pass on
this machine: count (the default) or leave_out.
"""

import hashlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from refinement.benchmarks.kinds import PREPARED, load_module
from refinement.benchmarks.programs import answer_program
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.prompts import load_template
from refinement.experiment.schema import common_schema, first_fault
from refinement.records.errors import BadInput
from refinement.records.files import to_line, write_json, write_records
from refinement.records.manifest import digest_files, versions
from refinement.records.record_types import Record
from refinement.records.sources import read_rows
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--kind", choices=PREPARED, required=True, help="kind of benchmark")
    options.add_argument("--source", nargs="+", required=True, help="files, or hub:NAME@REVISION#SPLIT")
    options.add_argument("--template", required=True, help="text: prompt template with the fields of a problem")
    options.add_argument("--settings", type=json_value, default={}, help="JSON: settings of this kind (docs/config.md)")
    options.add_argument("--output", required=True, help="JSONL: problems")
    options.add_argument("--about", required=True, help="JSON: provenance of the data, versions and counts")
    return options


class Sources:
    """The records of a benchmark's sources, with a digest of the records read so far."""

    def __init__(self, sources: list[str]) -> None:
        self._sources = sources
        self._digest = hashlib.sha256()
        self.count = 0

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        for source in self._sources:
            for row in read_rows(source):
                self._digest.update(to_line(row.record).encode("utf-8", "backslashreplace") + b"\n")
                self.count += 1
                yield row.where, row.record

    @property
    def sha256(self) -> str:
        """SHA-256 of the records as JSON lines, independent of the format of the sources."""
        return self._digest.hexdigest()


def check_ids(problems: Iterator[Record], source: str) -> Iterator[Record]:
    """Yield the problems. Raises BadInput for a duplicate id, and if there is no problem."""
    seen: set[str] = set()
    for problem in problems:
        if problem["id"] in seen:
            raise BadInput(f"{source}: the problem {problem['id']!r} occurs twice; ids must be unique")
        seen.add(problem["id"])
        yield problem
    if not seen:
        raise BadInput(f"{source}: no problem with these settings; a benchmark needs at least one")


def add_canonical_programs(problems: Iterable[Record], unsolvable: str) -> Iterator[Record]:
    """The problems, each with the program of its canonical solution and with ``unsolvable``."""
    for problem in problems:
        solution = problem["canonical_solution"]
        program = None if solution is None else answer_program(solution, problem)
        yield {**problem, "canonical_program": program and program["id"], "unsolvable": unsolvable}


def check_size(problems: Iterable[Record], settings: Mapping[str, Any], source: str) -> Iterator[Record]:
    """Yield the problems. Raises BadInput if their number differs from the setting ``size``."""
    number = 0
    for problem in problems:
        number += 1
        yield problem
    if "limit" not in settings and number != settings.get("size", number):
        raise BadInput(
            f"{source}: {number} problems with these settings, but size is {settings['size']}; "
            "name the right revision or file, or correct size"
        )


def check_settings(kind: str, settings: Any) -> Mapping[str, Any]:
    """The settings, checked against the config's schema. Raises BadInput for a setting that this kind does not have."""
    known = (*load_module(kind).SETTINGS, "size", "limit", "unsolvable")
    for name in settings if isinstance(settings, dict) else ():
        if name not in known:
            raise BadInput(f"--settings: {kind} has no setting '{name}'; it has {', '.join(known)}")
    definitions = common_schema()["$defs"]
    entries = definitions["benchmarks"]["items"]["properties"]
    own = {"type": "object", "properties": {name: entries[name] for name in known}, "$defs": definitions}
    fault = first_fault(settings, own, "--settings")
    if fault:
        raise BadInput(fault)
    return settings


def main(options: Namespace) -> None:
    module, settings = load_module(options.kind), check_settings(options.kind, options.settings)
    template = load_template(options.template, *module.FIELDS)
    data = Sources(options.source)
    problems = module.read_problems(data, {"kind": options.kind, **settings}, template)
    problems = add_canonical_programs(problems, settings.get("unsolvable", "count"))
    kept = islice(check_ids(problems, " ".join(options.source)), settings.get("limit"))
    number = write_records(options.output, check_size(kept, settings, " ".join(options.source)), PROBLEM)
    about = {
        "kind": options.kind,
        "source": options.source,
        "files": digest_files(*(source for source in options.source if Path(source).is_file())),
        "records": data.count,
        "records_sha256": data.sha256,
        "settings": settings,
        "problems": number,
        "template": digest_files(options.template),
        "versions": versions(),
    }
    write_json(options.about, about)
    print(f"{options.kind}: {number} problems of {data.count} records {dict(settings)}")


if __name__ == "__main__":
    run_step(main, arguments())
