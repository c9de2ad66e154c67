"""Read data sets and benchmarks in their original format: JSONL, JSON or Parquet, optionally gzipped, or from the hub.

A source is one of

- a path;
- ``hub:OWNER/NAME[/PART][@REVISION][#SPLIT]``, where PART is a configuration or, if it ends like a
  file, a file of the repository; the defaults are revision main and split train;
- ``evalplus:NAME@VERSION``, a release that evalplus downloads and caches.

JSON lines and Parquet are read in pieces; a JSON array is read as a whole.
"""

import contextlib
import gzip
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any, NamedTuple

from refinement.records.errors import BadInput
from refinement.records.record_types import Record

ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "system": "system"}
_ENDINGS = (".jsonl", ".json", ".parquet", ".jsonl.gz", ".json.gz")
TURNS = ("user", "later", "assistant")


class Row(NamedTuple):
    """A record and its location: its source, a separator that names the unit, and its number, counted from 1."""

    source: str
    kind: str
    number: int
    record: Record

    @property
    def where(self) -> str:
        """The location, for messages."""
        return f"{self.source}{self.kind}{self.number}"


def _no_object(where: str) -> BadInput:
    return BadInput(f"{where}: a record must be a JSON object; correct or remove it")


def _lines(path: str, stream: IO[bytes]) -> Iterator[Row]:
    decode = json.JSONDecoder().raw_decode
    for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8"), start=1):
        try:
            # raw_decode alone takes half the time of json.loads.
            record, end = decode(line) if line.startswith("{") else (None, 0)
            if line[end:] not in ("", "\n"):
                record = json.loads(line)
            if type(record) is not dict:
                raise _no_object(f"{path}:{number}")
            yield Row(path, ":", number, record)
        except json.JSONDecodeError as error:
            where = f"{path}:{number}"
            if not line.strip():
                raise BadInput(f"{where}: empty line; remove it") from None
            raise BadInput(
                f"{where}: not JSON ({error.msg} at column {error.colno}); correct or remove the line"
            ) from None
        except RecursionError:
            raise BadInput(f"{path}:{number}: JSON nested too deep; correct or remove the line") from None


def _array(path: str, stream: IO[bytes]) -> Iterator[Row]:
    try:
        records = json.load(stream)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not JSON ({error.msg}); correct the file") from None
    for number, record in enumerate(records, start=1):
        row = Row(path, ", record ", number, record)
        if not isinstance(record, dict):
            raise _no_object(row.where)
        yield row


def _parquet(path: str, stream: IO[bytes]) -> Iterator[Row]:
    import pyarrow as arrow  # slow to import, and only needed for this format
    import pyarrow.parquet as parquet

    with tempfile.TemporaryFile() as file:  # Parquet has its index at the end, so the file must be seekable
        shutil.copyfileobj(stream, file)
        try:
            batches = parquet.ParquetFile(file).iter_batches(4096)
            records = chain.from_iterable(batch.to_pylist() for batch in batches)
            yield from (Row(path, ", row ", number, record) for number, record in enumerate(records, start=1))
        except arrow.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise BadInput(f"{path}: not Parquet ({reason}); make it again or name another file") from None


def _reader(stream: io.BufferedReader) -> Callable[[str, IO[bytes]], Iterator[Row]]:
    head = stream.peek(64)
    if head.startswith(b"PAR1"):
        return _parquet
    return _array if head.lstrip().startswith(b"[") else _lines


def _file_rows(path: str) -> Iterator[Row]:
    try:
        with open(path, "rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            with io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw as stream:
                yield from _reader(stream)(path, stream)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; name a JSONL, JSON or Parquet file, or hub:NAME") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not text (byte {error.start}); name a JSONL, JSON or Parquet file") from None
    except (EOFError, OSError, zlib.error) as error:
        raise BadInput(f"{path}: cannot be read ({error}); name another file") from None


def _hub_rows(name: str) -> Iterator[Row]:
    plain, _, split = name.partition("#")
    plain, _, revision = plain.partition("@")
    parts = plain.split("/")
    repository, part, revision = "/".join(parts[:2]), "/".join(parts[2:]), revision or "main"
    try:
        if part.endswith(_ENDINGS):
            from huggingface_hub import hf_hub_download  # slow to import, and only needed for this source

            path = hf_hub_download(repository, part, repo_type="dataset", revision=revision)
            yield from (row._replace(source=f"hub:{name}") for row in _file_rows(path))
            return
        from datasets import load_dataset  # even slower to import

        rows = load_dataset(repository, part or None, split=split or "train", revision=revision, streaming=True)
        for number, record in enumerate(rows, start=1):
            yield Row(f"hub:{name}", ", row ", number, record)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"hub:{name}: not available ({reason[:160]}); go online or name a local file instead") from None


def _evalplus_rows(name: str) -> Iterator[Row]:
    from evalplus.data.utils import get_dataset_metadata, make_cache  # slow to import, and only needed for this source

    dataset, _, version = name.partition("@")
    if dataset not in ("HumanEvalPlus", "MbppPlus") or not version:
        raise BadInput(
            f"evalplus:{name}: must be HumanEvalPlus@VERSION or MbppPlus@VERSION, such as v0.1.10 and v0.2.0"
        )
    url, path = get_dataset_metadata(dataset, version, mini=False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # evalplus prints its progress
            make_cache(url, path)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = f"not available ({error}); go online or name a local file instead ({url})"
        raise BadInput(f"evalplus:{name}: {reason}") from None
    yield from (row._replace(source=f"evalplus:{name}") for row in _file_rows(path))


def read_rows(source: str) -> Iterator[Row]:
    """Yield the records of a source. Raises BadInput if it is missing, binary or broken."""
    for prefix, read in (("hub:", _hub_rows), ("evalplus:", _evalplus_rows)):
        if source.startswith(prefix):
            return read(source.removeprefix(prefix))
    return _file_rows(source)


def _turn(turn: Any, where: str) -> tuple[str, str]:
    role, content = (
        next((turn[key] for key in keys if key in turn), None) if isinstance(turn, dict) else None
        for keys in (("role", "from"), ("content", "value"))
    )
    if role not in ROLES or not isinstance(content, str):
        raise BadInput(
            f"{where}: a message must have a role (user, assistant, system) and a text as content; correct it"
        )
    return ROLES[role], content


class Texts:
    """Extracts one text from each record: from text fields, or from the turns of messages.

    ``field``: a field's name, or several joined by "+", whose texts are joined by a
        space.
    ``turns``: which turns of messages to join: "user" (all of the user's), "later" (all
        but the user's first) or "assistant".
    """

    def __init__(self, field: str, turns: str = "user") -> None:
        self._names, self._turns = field.split("+"), turns
        self._kinds: dict[str | None, type] = {}
        self._single = self._names[0] if len(self._names) == 1 else None

    def _value(self, name: str, value: Any, where: str) -> str:
        if not isinstance(value, (str, list)):
            raise BadInput(f"{where}: the field '{name}' must be a text or a list of messages; correct it")
        if self._kinds.setdefault(name, type(value)) is not type(value):
            raise BadInput(f"{where}: the field '{name}' holds messages and texts; use one form")
        if isinstance(value, str):
            return value
        wanted = "assistant" if self._turns == "assistant" else "user"
        said = [content for role, content in (_turn(turn, where) for turn in value) if role == wanted]
        return " ".join(said[1:] if self._turns == "later" else said)

    def of(self, row: Row) -> str:
        """The text of a record. Raises BadInput for a missing field, or one that holds both texts and messages."""
        if self._kinds.get(self._single) is str and type(text := row.record.get(self._single)) is str:
            return text  # the fast path, for almost all records
        for name in self._names:
            if name not in row.record:
                there = ", ".join(row.record) or "none"
                raise BadInput(f"{row.where}: no field '{name}'; it has {there}")
        return " ".join(self._value(name, row.record[name], row.where) for name in self._names)


def name_of(record: Record, number: int) -> str:
    """The record's id, or ``number`` (counted from 1) if it has none."""
    return next((str(record[key]) for key in ("id", "task_id", "question_id") if key in record), str(number))
