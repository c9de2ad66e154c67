"""The closed schema of configs, and the explanation of a schema's fault in one line."""

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError, best_match

from refinement.completion.backends import option_properties

COMMON = Path(__file__).with_name("schema.yaml")
# In JSON Schema 5.0 is an integer, too; but Python functions that expect an int do not accept it.
_WHOLE = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
_Validator = validators.extend(Draft202012Validator, type_checker=_WHOLE)


def _join(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Add a method's schema to the common one, in place: merge mappings key by key, and append lists."""
    for key, value in above.items():
        known = below.get(key)
        if isinstance(known, dict) and isinstance(value, Mapping):
            _join(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            below[key] = known + value
        else:
            below[key] = value
    return below


def common_schema() -> dict[str, Any]:
    """The schema that all methods share: the keys of every config, and blocks in $defs that a method may use."""
    schema = yaml.safe_load(COMMON.read_text(encoding="utf-8"))
    schema["$defs"]["options"]["properties"] = option_properties()
    return schema


@cache
def load_schema(method: str) -> dict[str, Any]:
    """The closed schema of a method's config: the common schema, extended by the schema of the method's package."""
    own = COMMON.parents[1] / "methods" / method / "schema.yaml"
    schema = _join(common_schema(), yaml.safe_load(own.read_text(encoding="utf-8")))
    # Fill in the blocks that the method refers to, so that their descriptions are part of the properties.
    blocks = schema["properties"]
    schema["properties"] = {name: dict(resolve(entry, schema["$defs"])) for name, entry in blocks.items()}
    return schema


def resolve(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of the schema; a reference to a definition is replaced by the definition."""
    name = entry.get("$ref", "").rpartition("/")[2]
    if not name:
        return entry
    return {**definitions[name], **{key: value for key, value in entry.items() if key != "$ref"}}


def _place(error: ValidationError, name: str) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path]
    return f"{name}{''.join(parts)}".lstrip(".") or "config"


def _explain(error: ValidationError, place: str) -> str:
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return f"{place}: unknown key '{unknown}'; {hint}"
    if error.validator == "oneOf" and "model" in str(error.schema):
        return f"{place}: exactly one of 'model' and 'pretraining' is needed; add one or remove one"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{place}: the key '{missing}' is missing; add it (docs/config.md says what it means)"
    if error.validator == "dependentRequired":
        given, wanted = next((key, name) for key, names in error.validator_value.items() if key in error.instance
                             for name in names if name not in error.instance)  # fmt: skip
        return f"{place}: '{given}' needs '{wanted}' beside it; add it"
    if error.validator == "enum":
        return (
            f"{place}: {error.instance!r} is not available; choose one of {', '.join(map(str, error.validator_value))}"
        )
    return f"{place}: {error.message}; see docs/config.md"


def first_fault(value: Any, schema: Mapping[str, Any], name: str = "") -> str | None:
    """Explain the most relevant fault of a value, with its place below ``name``; None for a valid value."""
    error = best_match(_Validator(schema).iter_errors(value))
    return _explain(error, _place(error, name)) if error else None
