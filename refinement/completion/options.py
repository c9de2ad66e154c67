"""Options of backends. The backend that owns an option declares it, once.

From its declaration follow the keys that a config may give, the checks when a
backend is made, and the arguments and --help of complete_requests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CONFIG = "config"  # a config gives the option, and its rule hands it to the step; whoever runs the step by hand may too
RULE = "rule"  # a config gives the option, and its rule makes another one of it, so that the backend never needs it
STEP = "step"  # the step's command line gives the option, never a config

SHARE = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 1}
POSITIVE = {"type": "number", "exclusiveMinimum": 0}

_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a text", (str,)),
    "number": ("a number", (int, float)),
    "integer": ("a whole number", (int,)),
    "array": ("a list", (list,)),
    "null": ("null", (type(None),)),
}


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema["type"]
    return [kinds] if isinstance(kinds, str) else kinds


def _accepts(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a value has the type and the bounds of a fragment; patterns are the config's and the backend's affair."""
    if "anyOf" in schema:
        return any(_accepts(part, value) for part in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, bool) or not any(isinstance(value, _KINDS[kind][1]) for kind in _kinds(schema)):
        return False
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0)
    if isinstance(value, (int, float)):  # written so that nan lies within no bound
        return (
            ("minimum" not in schema or value >= schema["minimum"])
            and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
            and ("maximum" not in schema or value <= schema["maximum"])
        )
    return True


def _expected(schema: Mapping[str, Any]) -> str:
    """What a value must be by a fragment, in words."""
    if "anyOf" in schema:
        return " or ".join(map(_expected, schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    words = {"minimum": "of at least", "exclusiveMinimum": "above", "maximum": "up to"}
    bounds = " and ".join(f"{word} {schema[key]}" for key, word in words.items() if key in schema)
    filled = "that is not empty" if schema.get("minLength") else ""
    kinds = " or ".join(_KINDS[kind][0] for kind in _kinds(schema))
    return " ".join(filter(None, (kinds, bounds, filled)))


@dataclass(frozen=True)
class Option:
    """One option of a backend.

    ``schema``: JSON-schema fragment of its values (type, enum, anyOf, bounds,
    minLength, pattern); ``default``: the value where it is absent; ``absent``:
    what happens then, in words, where None is the default; ``required``:
    whether it must be given; ``models``: the backend's models that read it,
    all where empty; ``giver``: CONFIG, RULE or STEP; ``has_argument``: whether
    complete_requests has a command-line argument of this name; ``decides``:
    whether it can change an answer, so that another value has the answers made
    again.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    default: Any = None
    absent: str = ""
    required: bool = False
    models: tuple[str, ...] = ()
    giver: str = CONFIG
    has_argument: bool = False
    decides: bool = True

    @property
    def meaning(self) -> str:
        """The description with the default."""
        default = f"{self.default:g}" if isinstance(self.default, (int, float)) else self.default
        absent = self.absent or default
        return self.description if absent is None else f"{self.description}; {absent} where absent"

    @property
    def is_for_configs(self) -> bool:
        """Whether a config may give it."""
        return self.giver != STEP

    def is_read_by(self, model: str | None) -> bool:
        """Whether this model of the backend reads it."""
        return not self.models or model in self.models

    def readers(self, backend: str) -> str:
        """Who reads it: the backend's name, with those of its models where not all do."""
        return f"{backend} {' and '.join(self.models)}" if self.models else backend

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value, in one line; None where it may be one."""
        if _accepts(self.schema, value) or value is self.default:
            return None
        return f"option {self.name}: {value!r} must be {_expected(self.schema)}"


def with_defaults(declared: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the declared options, by name: what is given, else the default. Other names are left out."""
    return {option.name: given.get(option.name, option.default) for option in declared}
