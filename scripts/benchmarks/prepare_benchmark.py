"""Read a benchmark's own data into problems: what models are asked, and how their answers are tested.

Data is a file (JSONL, JSON or Parquet, gzipped or not) or a data set of the
hub at a revision; where both cannot be had, one line says so. With limit
among the settings only the first so many problems are kept; size says how
many the whole has, so that another revision is noticed. unsolvable says
whether problems whose canonical solution does not pass where programs run
count (count, as absent) or are left out of scores (leave_out).
"""

import hashlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from refinement.benchmarks.kinds import PREPARED, module_of
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
    options.add_argument("--kind", choices=PREPARED, required=True, help="which benchmark's data it is")
    options.add_argument("--source", nargs="+", required=True, help="files, or hub:NAME@REVISION#SPLIT")
    options.add_argument("--template", required=True, help="the prompt, a text with fields for the problem's parts")
    options.add_argument("--settings", type=json_value, default={}, help="JSON: this kind's settings (docs/config.md)")
    options.add_argument("--output", required=True, help="JSONL: problems")
    options.add_argument("--about", required=True, help="JSON: data, versions and counts, for the manifests")
    return options


class Data:
    """The records of a benchmark's sources, with a digest of those that were read."""

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
        """Digest of the records, as JSON lines, whatever format they came in."""
        return self._digest.hexdigest()


def once(problems: Iterator[Record], source: str) -> Iterator[Record]:
    """The problems. Raises BadInput for an id that stands twice, and where there is none."""
    seen: set[str] = set()
    for problem in problems:
        if problem["id"] in seen:
            raise BadInput(f"{source}: the problem {problem['id']!r} stands twice; each needs its own id")
        seen.add(problem["id"])
        yield problem
    if not seen:
        raise BadInput(f"{source}: no problem in it by these settings; a benchmark needs at least one")


def with_canonical(problems: Iterable[Record], unsolvable: str) -> Iterator[Record]:
    """The problems, each with the program of its canonical solution and with what it means if that fails."""
    for problem in problems:
        solution = problem["canonical_solution"]
        program = None if solution is None else answer_program(solution, problem)
        yield {**problem, "canonical_program": program and program["id"], "unsolvable": unsolvable}


def check_size(problems: Iterable[Record], settings: Mapping[str, Any], source: str) -> Iterator[Record]:
    """The problems. Raises BadInput where their number is not the one that is said of the whole benchmark."""
    number = 0
    for problem in problems:
        number += 1
        yield problem
    if "limit" not in settings and number != settings.get("size", number):
        raise BadInput(
            f"{source}: {number} problems by these settings, but size says {settings['size']}; "
            "name the right revision or file, or mend size"
        )


def own_settings(kind: str, settings: Any) -> Mapping[str, Any]:
    """Settings that the kind takes, as the config's schema has them. Raises BadInput for any other."""
    known = (*module_of(kind).SETTINGS, "size", "limit", "unsolvable")
    for name in settings if isinstance(settings, dict) else ():
        if name not in known:
            raise BadInput(f"--settings: {kind} has no '{name}'; it has {', '.join(known)}")
    definitions = common_schema()["$defs"]
    entries = definitions["benchmarks"]["items"]["properties"]
    own = {"type": "object", "properties": {name: entries[name] for name in known}, "$defs": definitions}
    fault = first_fault(settings, own, "--settings")
    if fault:
        raise BadInput(fault)
    return settings


def main(options: Namespace) -> None:
    module, settings = module_of(options.kind), own_settings(options.kind, options.settings)
    template = load_template(options.template, *module.FIELDS)
    data = Data(options.source)
    problems = module.read_problems(data, {"kind": options.kind, **settings}, template)
    problems = with_canonical(problems, settings.get("unsolvable", "count"))
    kept = islice(once(problems, " ".join(options.source)), settings.get("limit"))
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
