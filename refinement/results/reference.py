"""A paper's published numbers, read from YAML and checked against a closed schema; a fault is told in one line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from refinement.records.errors import BadInput

Reference = dict[str, Any]


def _closed(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "additionalProperties": entry}


_TEXT = {"type": "string", "minLength": 1}
_NAMES = {"type": "array", "minItems": 1, "items": _TEXT}
_COUNT = {"type": ["integer", "null"], "minimum": 1}
_NUMBERS = {"type": ["array", "null"], "items": {"type": "number"}}
_COLUMN = {**_closed({}, {"benchmark": _TEXT, "mean_of": _NAMES}), "maxProperties": 1}
_TABLE = _closed(
    {
        "title": _TEXT,
        "section": _TEXT,
        "columns": _named(_COLUMN),
        "rows": _named({"type": "array", "items": {"type": ["number", "string", "null"]}}),
    }
)
_PUBLISHED = _closed(
    {"source": _TEXT, "measure": {"enum": ["value", "gain", "first_gain", "gain_in_all", "lead"]}, "values": _NUMBERS},
    {"about": _TEXT, "column": _TEXT, "family": _TEXT},
)
_CONTROL = _closed({"id": {"type": "string", "pattern": "^[a-z]+(_[a-z]+)*$"}, "text": _TEXT})
_CLAIM = _closed(
    {
        "id": {"type": "string", "pattern": "^[a-z]+(_[a-z]+)*$"},
        "section": _TEXT,
        "text": _TEXT,
        "published": {"type": "array", "minItems": 1, "items": _PUBLISHED},
    },
    {"note": _TEXT},
)
SCHEMA = _closed(
    {
        "paper": _TEXT,
        "benchmarks": _named(_closed({"title": _TEXT, "problems": _COUNT, "why": _TEXT}, {"assumed": _COUNT})),
        "families": _named(_TEXT),
        "models": _named(_closed({"family": _TEXT}, {"iteration": {"type": "integer"}, "data_size": _TEXT})),
        "tables": _named(_TABLE),
    },
    {
        "settings": {"type": "object"},
        "figures": {"type": "object"},
        "claims": {"type": "array", "items": _CLAIM},
        "controls": {"type": "array", "items": _CONTROL},
    },
)


class Cell(NamedTuple):
    """A published pass@1 in percent (``value``); ``benchmark``: a key of the reference's ``benchmarks``."""

    table: str
    model: str
    family: str
    column: str
    benchmark: str
    value: float


class Average(NamedTuple):
    """A published average, and the cells whose mean it should be; all in percent."""

    table: str
    model: str
    column: str
    printed: float
    cells: list[float]


def _explain(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{place}: the key '{missing}' is missing; add it"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in known)
        return f"{place}: unknown key '{unknown}'; known here: {', '.join(known)}"
    shown = " ".join(error.message.split())
    return f"{place}: {shown[:150]}; correct it"


def _is_percentage(value: Any) -> bool:
    return not isinstance(value, str) and 0 <= value <= 100 and round(value, 1) == value


def _row_faults(name: str, table: Mapping[str, Any], reference: Reference) -> Iterator[str]:
    measured = [column for column, entry in table["columns"].items() if entry]
    for row, values in table["rows"].items():
        place = f"tables.{name}.rows.{row}"
        if len(values) != len(table["columns"]):
            yield f"{place}: {len(values)} values for {len(table['columns'])} columns; give one value for each column"
            return
        if measured and row not in reference["models"]:
            yield f"{place}: no such model is listed; add it to models"
        for column, value in zip(table["columns"], values, strict=True):
            if column in measured and value is not None and not _is_percentage(value):
                yield f"{place}: {value!r} under {column} is not a percentage with one decimal; correct it"


def _column_faults(name: str, table: Mapping[str, Any], reference: Reference) -> Iterator[str]:
    for column, entry in table["columns"].items():
        place = f"tables.{name}.columns.{column}"
        if entry.get("benchmark") not in (None, *reference["benchmarks"]):
            yield f"{place}: no benchmark '{entry['benchmark']}' is listed; add it to benchmarks"
        for part in entry.get("mean_of", []):
            if part not in table["columns"] or part == column:
                yield f"{place}: cannot be a mean of '{part}'; name other columns of the same table"


def _faults(reference: Reference) -> Iterator[str]:
    for model, entry in reference["models"].items():
        if entry["family"] not in reference["families"]:
            yield f"models.{model}: no family '{entry['family']}' is listed; add it to families"
    for name, table in reference["tables"].items():
        yield from _column_faults(name, table, reference)
        yield from _row_faults(name, table, reference)
    ids = [claim["id"] for key in ("claims", "controls") for claim in reference.get(key, [])]
    yield from (f"claims: the id '{claim}' appears twice; rename one" for claim in ids if ids.count(claim) > 1)


def load_reference(path: str | Path) -> Reference:
    """Read the published numbers of a paper. Raises BadInput, with file and place, for missing or invalid content."""
    try:
        reference = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; name the YAML file of published numbers") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f":{mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{line}: not YAML ({problem or 'unreadable'}); correct the file") from None
    error = best_match(Draft202012Validator(SCHEMA).iter_errors(reference))
    fault = _explain(error) if error else next(_faults(reference), None)
    if fault:
        raise BadInput(f"{path}: {fault}")
    return reference


def pass_cells(reference: Reference) -> list[Cell]:
    """Every published pass@1, table by table, row by row."""
    return [
        Cell(name, model, reference["models"][model]["family"], column, entry["benchmark"], value)
        for name, table in reference["tables"].items()
        for model, values in table["rows"].items()
        for (column, entry), value in zip(table["columns"].items(), values, strict=True)
        if "benchmark" in entry and value is not None
    ]


def published_passes(reference: Reference) -> dict[tuple[str, str], float]:
    """Published pass@1 (percent) by model and column, from the tables whose columns are all benchmarks or averages."""
    return {
        (cell.model, cell.column): cell.value
        for cell in pass_cells(reference)
        if all(reference["tables"][cell.table]["columns"].values())
    }


def averages(reference: Reference) -> list[Average]:
    """Every published average whose cells are all published, too."""
    found = []
    for name, table in reference["tables"].items():
        for model, values in table["rows"].items():
            row = dict(zip(table["columns"], values, strict=True))
            for column, entry in table["columns"].items():
                cells = [row[part] for part in entry.get("mean_of", [])]
                if cells and None not in (row[column], *cells):
                    found.append(Average(name, model, column, row[column], cells))
    return found
