"""Read and write records as JSON lines: validated when read and written, and written atomically."""

import glob
import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from refinement.records.errors import BadInput
from refinement.records.record_types import Record, RecordType


def refuse_folder(path: str | Path) -> None:
    """Raise BadInput if a folder is at the path of a file to be written."""
    if Path(path).is_dir():
        raise BadInput(f"{path}: is a folder; name a file")


@contextmanager
def atomic_write(path: str | Path, folder: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write a file (or a ``folder``) to; it becomes ``path`` when the block succeeds.

    The file appears complete or not at all: the temporary name is unique and the last
    action is a rename. If the block fails, the temporary file is removed, as are those
    of earlier, killed attempts. Raises BadInput if a folder is at the path of a file.
    """
    target = Path(path)
    if not folder:
        refuse_folder(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        yield temporary
        if target.is_dir():
            target.rename(temporary.with_suffix(".old"))
        temporary.replace(target)
    finally:
        for leftover in target.parent.glob(f".{glob.escape(target.name)}.{'[0-9a-f]' * 12}.*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def open_lines(path: str | Path) -> TextIO:
    """Open a text file for writing JSON.

    Strings may contain lone surrogates, which UTF-8 cannot encode; they are written as
    JSON escapes.
    """
    return open(path, "w", encoding="utf-8", errors="backslashreplace")


def to_line(record: Record) -> str:
    """The record as one line of JSON, keys in the given order, without the newline."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _check(record: Any, record_type: RecordType, where: str) -> Record:
    if not isinstance(record, dict):
        raise BadInput(f"{where}: a {record_type.name} must be a JSON object; correct or remove the line")
    for field in record_type.fields:
        if field.name not in record:
            if field.required:
                raise BadInput(f"{where}: {record_type.name} without the field '{field.name}' ({field.description})")
        elif not field.accepts(record[field.name]):
            raise BadInput(f"{where}: '{field.name}' of a {record_type.name} must be {field.expects}")
    return record


def read_records(path: str | Path, record_type: RecordType) -> Iterator[Record]:
    """Yield the records of a JSONL file, each checked against its type.

    Raises BadInput, with file and line, for invalid JSON, missing fields and values of
    the wrong type.
    """
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                where = f"{path}:{number}"
                if not line.strip():
                    raise BadInput(f"{where}: empty line; remove it")
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise BadInput(
                        f"{where}: not JSON ({error.msg} at column {error.colno}); correct or remove the line"
                    ) from None
                except RecursionError:
                    raise BadInput(f"{where}: JSON nested too deep; correct or remove the line") from None
                yield _check(record, record_type, where)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; make it (snakemake {path}) or name another") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name another") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8 JSON lines") from None


class RecordFile:
    """The records of a JSONL file, read again at each iteration.

    ``part``, ``parts``: take every ``parts``-th record, starting with the ``part``-th
        (counted from 1).
    ``change``: a function that is applied to each record.
    """

    def __init__(
        self, path: str | Path, record_type: RecordType, part: int = 1, parts: int = 1,
        change: Callable[[Record], Record] = lambda record: record,
    ) -> None:  # fmt: skip
        self.path = path
        self._type, self._part, self._parts, self._change = record_type, part, parts, change

    def share(self, part: int, parts: int) -> "RecordFile":
        """The ``part``-th of ``parts`` shares of this file, which must be a whole file."""
        return RecordFile(self.path, self._type, part, parts, self._change)

    def __iter__(self) -> Iterator[Record]:
        return map(self._change, islice(read_records(self.path, self._type), self._part - 1, None, self._parts))

    def __len__(self) -> int:
        return len(range(self._part - 1, self._lines, self._parts))

    @cached_property
    def _lines(self) -> int:
        if not Path(self.path).is_file():
            return 0  # reading the records reports the missing file
        count, block = 0, b"\n"
        with open(self.path, "rb") as file:
            for block in iter(partial(file.read, 1 << 20), b""):
                count += block.count(b"\n")
        return count + (not block.endswith(b"\n"))


def check_unique(records: RecordFile, name: str) -> RecordFile:
    """The records, unchanged. Raises BadInput if two have the same value of the field ``name``."""
    seen: set[int] = set()
    for record in records:
        known = len(seen)
        seen.add(hash(record[name]))
        if len(seen) == known:
            raise BadInput(f"{records.path}: the {name} {record[name]!r} occurs twice; ids must be unique")
    return records


def load_records(paths: str | Path | Sequence[str | Path], record_type: RecordType) -> list[Record]:
    """All records of one or several files, in order."""
    if isinstance(paths, (str, Path)):
        paths = [paths]
    return [record for path in paths for record in read_records(path, record_type)]


def index_records(records: Iterable[Record], *names: str) -> dict[Any, Record]:
    """Records by the value of one field, or by a tuple of several. Raises BadInput for a duplicate."""
    index: dict[Any, Record] = {}
    for record in records:
        key = record[names[0]] if len(names) == 1 else tuple(record[name] for name in names)
        if key in index:
            raise BadInput(f"the key {key!r} ({', '.join(names)}) occurs twice; keys must be unique")
        index[key] = record
    return index


def write_records(path: str | Path, records: Iterable[Record], record_type: RecordType) -> int:
    """Write records as JSON lines, atomically; returns their number.

    Records are checked as in reading, so that an error shows in the step that makes it,
    not in the next one.
    """
    count = 0
    with atomic_write(path) as temporary, open_lines(temporary) as out:
        for record in records:
            count += 1
            out.write(to_line(_check(record, record_type, f"record {count} for {path}")) + "\n")
    return count


def write_json(path: str | Path, value: Any, indent: int | None = 2) -> None:
    """Write a JSON document atomically; ``indent`` None writes one line, which is four times as fast."""
    with atomic_write(path) as temporary, open_lines(temporary) as out:
        out.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON document. Raises BadInput with file and line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; make it (snakemake {path}) or name another") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not JSON ({error.msg}); correct the file") from None
