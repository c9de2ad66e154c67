"""Types of records and their fields: the schema of every JSONL file.

Each package declares the types of its own records in its ``record_types.py``; ``docs/records.md`` is made from them.
"""

from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

TEXT, WHOLE, NUMBER, LIST, OBJECT, NULL = "text", "a whole number", "a number", "a list", "an object", "null"

_TESTS = {
    TEXT: lambda value: isinstance(value, str),
    WHOLE: lambda value: isinstance(value, int) and not isinstance(value, bool),
    NUMBER: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    LIST: lambda value: isinstance(value, list),
    OBJECT: lambda value: isinstance(value, dict),
    NULL: lambda value: value is None,
}


def _is_conversation(value: list[Any]) -> bool:
    def is_turn(turn: Any) -> bool:
        return isinstance(turn, dict) and all(isinstance(turn.get(name), str) for name in ("role", "content"))

    return len(value) >= 2 and all(map(is_turn, value))


@dataclass(frozen=True)
class Field:
    """A field: its name, what it means, its types, and its values where they are few."""

    name: str
    description: str
    types: tuple[str, ...] = (TEXT,)
    required: bool = True
    choices: tuple[str | int, ...] = ()

    def accepts(self, value: Any) -> bool:
        """Whether a value has one of the types and is among the choices."""
        if not any(_TESTS[name](value) for name in self.types):
            return False
        if self.name == "messages" and not _is_conversation(value):
            return False
        return not self.choices or value is None or value in self.choices

    @property
    def expects(self) -> str:
        """What a value must be, for an error message."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        if self.name == "messages":
            return "a list of two or more objects with the texts role and content"
        return " or ".join(self.types)


@dataclass(frozen=True)
class RecordType:
    """A kind of record: what it is, where it lies, its fields."""

    name: str
    description: str
    path: str
    fields: tuple[Field, ...]


ID = Field("id", "name of the record, unique in its file")
REASON = Field("reason", "why the record was rejected")

REJECTION = RecordType("rejection", "a record that went no further", "*.rejected.jsonl", (
    ID,
    REASON,
    Field("detail", "the text or the match that decided", (TEXT, NULL)),
))  # fmt: skip
