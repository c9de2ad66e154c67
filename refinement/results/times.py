"""The time that each stage of a run took, from Snakemake's benchmark files."""

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from refinement.records.errors import BadInput

MISSING = {"", "-", "NA"}


class Job(NamedTuple):
    """One job: wall-clock and CPU time in seconds, peak memory in MB; None if the job was too short to measure them."""

    stage: str
    wall: float
    cpu: float | None
    memory: float | None


class Stage(NamedTuple):
    """All jobs of a stage: the sums of their seconds, and the largest peak memory in MB (0 if none was measured)."""

    name: str
    jobs: int
    wall: float
    cpu: float
    memory: float


def stage_of(path: Path, owners: Collection[str]) -> str:
    """The stage of a benchmark file, from its path relative to the folder of times.

    ``owners``: the names of students and variants. Any other top-level folder has the name of its stage. In the
    folders of owners, the file has this name, followed by the number of a shard if there is one.
    """
    if len(path.parts) > 1 and path.parts[0] not in owners:
        return path.parts[0]
    return re.sub(r"\.\d+$", "", path.stem)


def _number(row: dict[str, str | None], name: str, where: str) -> float | None:
    text = row.get(name)
    if text is None:
        raise BadInput(f"{where}: no value under '{name}'; remove the file, and its job writes a new one next time")
    if text in MISSING:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{where}: '{text[:40]}' under '{name}' is not a number; remove the file") from None


def _read_file(path: Path, stage: str) -> Iterator[Job]:
    try:
        with open(path, encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines, delimiter="\t"), start=2):
                where = f"{path}:{number}"
                wall = _number(row, "s", where)
                if wall is None:
                    raise BadInput(f"{where}: no seconds under 's'; remove the file")
                cpu, memory = (_number(row, name, where) for name in ("cpu_time", "max_rss"))
                yield Job(stage, wall, cpu, memory)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start}); remove the file") from None


def read_jobs(folder: str | Path, owners: Collection[str]) -> Iterator[Job]:
    """Yield the jobs in a folder of times; an empty file, which a running job is about to write, has none.

    Raises BadInput, with file and line, for a file that is not a benchmark file of Snakemake.
    """
    for path in sorted(Path(folder).rglob("*.tsv")):
        yield from _read_file(path, stage_of(path.relative_to(folder), owners))


def total_seconds(paths: Iterable[Path]) -> float:
    """Total wall-clock seconds of the jobs in some benchmark files. Raises BadInput like :func:`read_jobs`."""
    return sum(job.wall for path in paths for job in _read_file(path, path.stem))


def _sum(name: str, parts: Sequence[Stage]) -> Stage:
    return Stage(
        name,
        sum(part.jobs for part in parts),
        sum(part.wall for part in parts),
        sum(part.cpu for part in parts),
        max(part.memory for part in parts),
    )


def stages(folder: str | Path, owners: Collection[str]) -> list[Stage]:
    """Every stage, sorted by wall-clock time, longest first."""
    groups: dict[str, list[Stage]] = defaultdict(list)
    for job in read_jobs(folder, owners):
        groups[job.stage].append(Stage(job.stage, 1, job.wall, job.cpu or 0, job.memory or 0))
    found = [_sum(name, parts) for name, parts in groups.items()]
    return sorted(found, key=lambda stage: (-stage.wall, stage.name))


def merge_short_stages(found: Sequence[Stage], share: float = 0.005) -> list[Stage]:
    """Merge all stages below ``share`` of the total wall-clock time into a last one, unless there is only one."""
    limit = share * sum(stage.wall for stage in found)
    small = [stage for stage in found if stage.wall < limit]
    if len(small) < 2:
        return list(found)
    return [*(stage for stage in found if stage.wall >= limit), _sum(f"{len(small)} short stages", small)]
