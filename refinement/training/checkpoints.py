"""Checkpoints of a training in progress: whole or not there, and of this training or removed."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from refinement.records.files import atomic_write

MARK = "complete.json"
LOCK = "lock"
PREFIX = "checkpoint-"  # transformers names them so, by the number of updates


def checkpoints_of(output: str | Path) -> Path:
    """The folder beside a model's in which its checkpoints lie: a rerun wipes the model's own, but not this one."""
    return Path(f"{output}.checkpoints")


def identify(*parts: Any) -> str:
    """Digest of all that a training follows from, given as JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def describe_start(path: str) -> Any:
    """What tells one model to start from from another: its files' names, sizes and times, or its name on the hub."""
    folder = Path(path)
    if not folder.is_dir():
        return path
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return [[str(file.relative_to(folder)), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def step_of(checkpoint: Path) -> int:
    """After how many updates a checkpoint was made."""
    return int(checkpoint.name.removeprefix(PREFIX))


def _all(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit()]


def _is_of(checkpoint: Path, identity: str) -> bool:
    try:
        return json.loads((checkpoint / MARK).read_text(encoding="utf-8"))["training"] == identity
    except (OSError, ValueError, KeyError, TypeError):
        return False


def mark_whole(checkpoint: Path, identity: str) -> None:
    """Say that a checkpoint is complete and which training it is of, and remove all others.

    The mark is the last thing written and appears by a rename; without it,
    what a kill cut short is never continued from. The one before is kept until then.
    """
    with atomic_write(checkpoint / MARK) as path:
        path.write_text(json.dumps({"training": identity}) + "\n", encoding="utf-8")
    keep_only(checkpoint.parent, checkpoint)


def keep_only(folder: Path, kept: Path | None) -> None:
    """Remove all checkpoints but one."""
    for path in _all(folder):
        if path != kept:
            (path / MARK).unlink(missing_ok=True)  # first, so that a removal cut short leaves nothing to continue from
            shutil.rmtree(path)


def discard(folder: Path) -> None:
    """Remove the checkpoints of a training that is done, and their folder; for the one that holds it."""
    keep_only(folder, None)
    for path in folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / LOCK).unlink()
    with suppress(OSError):  # a training that began since then has put its own lock there
        folder.rmdir()


def find_last(folder: Path, identity: str) -> Path | None:
    """The last whole checkpoint of this training; all others are removed: unfinished, or of other settings or data."""
    found = max((path for path in _all(folder) if _is_of(path, identity)), key=step_of, default=None)
    keep_only(folder, found)
    return found


def _lock(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "w")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waits: another training holds {path.parent}", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep a folder of checkpoints for one training at a time: waits for a predecessor that is still dying.

    One that ends well removes the folder, and with it the lock that was waited for.
    """
    path = folder / LOCK
    file = _lock(path)
    while not (path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())):
        file.close()
        file = _lock(path)
    with file:
        yield
