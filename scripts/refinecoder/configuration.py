"""An experiment's config: checked against the closed schema, one clear line for what is wrong."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from refinecoder.records import BadInput

SCHEMA = Path(__file__).parents[2] / "config" / "schema.yaml"


@cache
def load_schema() -> dict[str, Any]:
    """The schema of config.yaml and its overlays."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def _place(error: ValidationError) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path]
    return "".join(parts).lstrip(".") or "config"


def _explain(error: ValidationError) -> str:
    place = _place(error)
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
    if error.validator == "enum":
        return (
            f"{place}: {error.instance!r} is not available; choose one of {', '.join(map(str, error.validator_value))}"
        )
    return f"{place}: {error.message}; see docs/config.md"


def _duplicates(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    names = [entry["name"] for entry in entries]
    yield from (name for name in dict.fromkeys(names) if names.count(name) > 1)


def _inconsistencies(config: Mapping[str, Any]) -> Iterator[str]:
    for key in ("students", "variants", "benchmarks"):
        for name in _duplicates(config[key]):
            yield f"{key}: the name '{name}' stands twice; rename one"
    if config["variants"][0]["name"] != "acr":
        yield "variants[0].name: the first variant is the method itself and must be named 'acr'"
    known = {benchmark["name"] for benchmark in config["benchmarks"]}
    for table, names in config["tables"].items():
        for name in names:
            if name not in known:
                yield f"tables.{table}: no benchmark '{name}' is listed; there are {', '.join(sorted(known)) or 'none'}"
    for index, benchmark in enumerate(config["benchmarks"]):
        part, _, parts = benchmark.get("part", "0/1").partition("/")
        if not int(part) < int(parts):
            yield f"benchmarks[{index}].part: {benchmark['part']} must be I/N with 0 <= I < N"
        if not any(benchmark.get("depths", {"1": 1}).values()):
            yield f"benchmarks[{index}].depths: all weights are 0; give one a weight"
    if not any(config["scoring"]["weights"].values()):
        yield "scoring.weights: all weights are 0; give one a weight"


def check_config(config: Mapping[str, Any]) -> None:
    """Raise BadInput, in one line, for the first thing that is wrong with a config."""
    error = best_match(Draft202012Validator(load_schema()).iter_errors(config))
    fault = _explain(error) if error else next(_inconsistencies(config), None)
    if fault:
        raise BadInput(fault)
