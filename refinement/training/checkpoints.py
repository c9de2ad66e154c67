"""Checkpoints of a training in progress; one is used only if it is complete and belongs to the same training."""

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
PREFIX = "checkpoint-"  # followed by the number of updates; transformers chooses this name


def checkpoint_folder(output: str | Path) -> Path:
    """The folder of a model's checkpoints, beside the model's own folder: a rerun deletes the latter only."""
    return Path(f"{output}.checkpoints")


def identify(*parts: Any) -> str:
    """SHA-256 of everything that determines a training's result, given as JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def describe_initial_model(path: str) -> Any:
    """A JSON value that identifies the model that training starts from.

    For a folder, the names, sizes and modification times of its files; for a model on
    the hub, its name.
    """
    folder = Path(path)
    if not folder.is_dir():
        return path
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return [[str(file.relative_to(folder)), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def checkpoint_step(checkpoint: Path) -> int:
    """The number of updates after which a checkpoint was saved."""
    return int(checkpoint.name.removeprefix(PREFIX))


def _list(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit()]


def _belongs_to(checkpoint: Path, identity: str) -> bool:
    try:
        return json.loads((checkpoint / MARK).read_text(encoding="utf-8"))["training"] == identity
    except (OSError, ValueError, KeyError, TypeError):
        return False


def mark_complete(checkpoint: Path, identity: str) -> None:
    """Mark a checkpoint as complete, with the identity of its training, and remove all other checkpoints.

    The mark is written last and appears by a rename, so an interrupted save is never
    resumed from. The previous checkpoint is kept until then.
    """
    with atomic_write(checkpoint / MARK) as path:
        path.write_text(json.dumps({"training": identity}) + "\n", encoding="utf-8")
    remove_others(checkpoint.parent, checkpoint)


def remove_others(folder: Path, kept: Path | None) -> None:
    """Remove all checkpoints in a folder except ``kept``."""
    for path in _list(folder):
        if path != kept:
            (path / MARK).unlink(missing_ok=True)  # first, so that an interrupted removal leaves nothing to resume from
            shutil.rmtree(path)


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished training and their folder. The caller must hold the folder's lock."""
    remove_others(folder, None)
    for path in folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / LOCK).unlink()
    with suppress(OSError):  # another training has started since and put its own lock there
        folder.rmdir()


def find_latest(folder: Path, identity: str) -> Path | None:
    """The latest complete checkpoint of the training ``identity``, or None.

    Removes all others: incomplete ones, and those of other settings or data.
    """
    found = max((path for path in _list(folder) if _belongs_to(path, identity)), key=checkpoint_step, default=None)
    remove_others(folder, found)
    return found


def _lock(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "w")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting: another training has locked {path.parent}", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder of checkpoints for one training; wait while an interrupted predecessor is still ending.

    A training that finishes removes the folder together with its lock, so a waiting one
    then has to lock a new file.
    """
    path = folder / LOCK
    file = _lock(path)
    while not (path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())):
        file.close()
        file = _lock(path)
    with file:
        yield
