"""Print a reference page made from the code: of `records`, of the `config`, or of the `results`.

Used by `make docs`; a test checks that the pages are up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from refinement.experiment.configuration import complete_config
from refinement.experiment.experiment import Experiment
from refinement.experiment.method import method_names
from refinement.experiment.schema import load_schema, resolve
from refinement.records.catalogue import record_types

RECORDS = """# Records

Every file of records is JSON lines, UTF-8, one record a line. Steps check what they read and what they
write against this table; a broken line is named by file and number. `*` stands for the folder of the work
at hand, `iter_{t}` for `results/{experiment}/{student}/{variant}/iter_{t}`. D_0 is `results/{experiment}/d0.jsonl`.
Beside most files of records lie `*.counts.json` (records in, out, rejected by reason) and
`*.rejected.jsonl` (the rejected ones).

Iteration 0 is made once, under the variant `acr`, and shared by every variant that does not change the
training of M_0. Benchmarks lie in `{variant}/benchmarks/{benchmark}`, one file for the models of all iterations.
"""
RESULTS = """# Tables and figures

`snakemake --cores 2 TARGET` makes one of these and all that it rests on. Each lies in `results/{experiment}/tables` or
`figures`, also as data (CSV). Those that a config does not ask for (`tables`, `figures`) have no target in its run.
"""
CONFIG = """# Config

Every key of `config.yaml`; an overlay (`--configfile`) sets some of them anew: mappings merge, lists
replace. A key that is not in this table is an error. Keys marked * must stand in every overlay under `config/`.
"""


def type_of(entry: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a value must be, in short."""
    entry = resolve(entry, definitions)
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "anyOf" in entry:
        return " or ".join(type_of(option, definitions) for option in entry["anyOf"])
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {entry[key]}" for key, sign in bounds.items() if key in entry]
    return " ".join([str(entry.get("type", "any")), *limits])


def keys(schema: dict[str, Any], definitions: dict[str, Any], place: str = "") -> Iterator[tuple[str, str, str, bool]]:
    """(key, type, description, whether overlays must set it) of every key below."""
    for name, raw in schema.get("properties", {}).items():
        entry = resolve(raw, definitions)
        yield f"{place}{name}", type_of(entry, definitions), entry["description"], bool(entry.get("x-overlay"))
        yield from keys(entry, definitions, f"{place}{name}.")
        yield from keys(resolve(entry.get("items", {}), definitions), definitions, f"{place}{name}[].")


def config_page() -> str:
    """The reference of every method's config."""
    parts = [CONFIG]
    for method in method_names():
        schema = load_schema(method)
        rows = [
            f"| `{key}`{' *' if marked else ''} | {kind} | {text} |"
            for key, kind, text, marked in keys(schema, schema["$defs"])
        ]
        parts += [f"## Method {method}", "", "| key | value | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(parts)


def results_page() -> str:
    """The tables and figures of every method, from their entries."""
    parts = [RESULTS]
    for method in method_names():
        project = Path(__file__).parents[1]
        experiment = Experiment(complete_config({"method": method}, project), project)
        headings = {section.id: section.heading for section in experiment.method.sections}
        headings[""] = "none"
        rows = [
            f"| `{result.name}` | {result.title} | {headings[result.section]} | `{result.step}` |"
            for result in experiment.declared_results
        ]
        parts += [
            f"## Method {method}",
            "",
            "| target | what it is | section of the page | step |",
            "|---|---|---|---|",
        ]
        parts += [*rows, ""]
    return "\n".join(parts)


def records_page() -> str:
    """The records' reference."""
    parts = [RECORDS]
    for kind in record_types():
        parts += [f"## {kind.name}", "", f"{kind.description[0].upper()}{kind.description[1:]}: `{kind.path}`", ""]
        parts += ["| field | value | meaning |", "|---|---|---|"]
        parts += [
            f"| `{field.name}`{'' if field.required else ' (optional)'} | {field.expects} | {field.description} |"
            for field in kind.fields
        ]
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    print({"records": records_page, "config": config_page, "results": results_page}[sys.argv[1]](), end="")
