"""Write one page of everything that a run found, to be read from top to bottom, offline, or printed.

The page stands alone: figures, styles and tables are in the one file. It
repeats to the byte from the same inputs, except for the section of times,
which are measured anew by each run.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, read_json
from refinement.results.page import Table, as_text, fill, read_caption, read_table, read_title_and_note, table_of
from refinement.results.svg import embed_svg
from refinement.results.times import gather, stages
from refinement.running.command_line import json_value, parser, run_step

FIGURES = {
    "figure3": "Figure 3: ablations and controls",
    "figure4": "Figure 4: a second try with feedback",
    "figure5": "Figure 5: kinds of data by iteration",
    "figure6": "Figure 6: pass@1 over more iterations",
    "figure7": "Figure 7: the records nearest to a benchmark",
    "training": "Training loss by update",
}
CAPTIONS = {"table1": "table", "table2": "table", "table5": "table"}
SIGNS = {"holds": "✓", "does not hold": "✗", "within noise": "≈", "not measured": "–"}
DECIMALS = {"audit": None, "plan_and_actual": None, "table3": 2, "leakage": 2}  # None: as written; 1 for others
NAMED = ("versions", "model", "models", "problems")


class Claim(NamedTuple):
    """A line of the ledger: what the paper says where, its numbers, ours, and the verdict with a sign."""

    text: str
    section: str
    published: Sequence[str]
    ours: Sequence[str]
    verdict: str


class Part(NamedTuple):
    """A table or a figure (the other is None) with what is said around it.

    ``excerpt``: the rows that stand outside where a long table is folded away;
    ``claims``: a ledger, which is not shown as the wide table that it is.
    """

    name: str
    title: str
    caption: Sequence[str]
    path: str
    note: str = ""
    table: Table | None = None
    excerpt: Table | None = None
    claims: Sequence[Claim] | None = None
    svg: str | None = None


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--settings", type=json_value, required=True, help="JSON: what was run, of the config")
    options.add_argument("--tables", nargs="*", default=[], help="CSV: data of tables; what is left out is said so")
    options.add_argument("--notes", nargs="*", default=[], help="Markdown: the same tables, for titles and notes")
    options.add_argument("--figures", nargs="*", default=[], help="SVG: figures")
    options.add_argument(
        "--captions", nargs="*", default=[], help="captions of Snakemake's report, by names of results"
    )
    options.add_argument("--manifests", nargs="*", default=[], help="JSON: where the numbers of tables come from")
    options.add_argument("--speeds", help="CSV: throughput of training")
    options.add_argument("--times", help="folder of Snakemake's benchmark files")
    options.add_argument("--template", required=True, help="Jinja template of the page")
    options.add_argument("--output", required=True, help="HTML: the page")
    return options


def caption_of(name: str, captions: Mapping[str, list[str]]) -> list[str]:
    """A result's caption; results of one kind share it."""
    return captions.get(CAPTIONS.get(name, name), [])


def chosen(table: Table, path: str, names: Sequence[str]) -> list[list[str]]:
    """A table's columns by names. Raises BadInput where one is missing."""
    if missing := [name for name in names if name not in table.columns]:
        raise BadInput(f"{path}:1: no column '{missing[0]}'; make it again")
    places = [list(table.columns).index(name) for name in names]
    return [[row[place] for place in places] for row in table.rows]


def read_claims(table: Table, path: str) -> list[Claim]:
    """The ledger of claims, each verdict with its sign. Raises BadInput."""
    rows = chosen(table, path, ("Claim", "Section", "Published", "Ours", "Verdict"))
    return [
        Claim(
            text,
            f"Section {section}" if section[:1].isdigit() else section,
            [part for part in published.split("; ") if part],
            [part for part in ours.split("; ") if part],
            f"{SIGNS[verdict]} {verdict}" if verdict in SIGNS else verdict,
        )
        for text, section, published, ours, verdict in rows
    ]


def excerpt_of(table: Table, path: str) -> Table:
    """Of the audit, its totals and the averages that are off. Raises BadInput."""
    shown = ("Table", "Model", "Problems", "By chance", "Printed", "Recomputed", "Verdict")
    rows = chosen(table, path, ("Check", *shown))
    return table_of(shown, [row for check, *row in rows if check == "total" or row[-1] == "off"])


def table_part(path: str, notes: Mapping[str, str], captions: Mapping[str, list[str]], label: str) -> Part:
    """A table with what is said around it."""
    name = Path(path).stem
    table = read_table(path, DECIMALS.get(name, 1))
    title, note = read_title_and_note(notes[name]) if name in notes else (name, "")
    return Part(
        name,
        title.removesuffix(f" ({label})"),
        caption_of(name, captions),
        path,
        note,
        table=table,
        excerpt=excerpt_of(table, path) if name == "audit" else None,
        claims=read_claims(table, path) if name == "claims" else None,
    )


def figure_part(path: str, captions: Mapping[str, list[str]], label: str) -> Part:
    """A figure with what is said around it."""
    name = Path(path).stem
    title = FIGURES.get(name, name)
    return Part(name, title, caption_of(name, captions), path, svg=embed_svg(path, name, f"{title} ({label})"))


def steps_of(benchmark: Mapping[str, Any]) -> str:
    """Numbers of steps of a composed benchmark's tasks, with their weights; nothing for one from a file."""
    return as_text([f"{steps} ({weight})" for steps, weight in benchmark.get("depths", {}).items()])


def described(settings: Mapping[str, Any]) -> dict[str, Table]:
    """What was run, as tables: who plays which role, students, variants and benchmarks."""
    roles = [
        (role, settings["roles"][role]["backend"], settings["roles"][role].get("model", "each student below"))
        for role in ("teacher", "judge", "critic", "student")
    ]
    students = [
        (entry["title"], entry.get("model", "pre-trained in this run"), entry.get("training"))
        for entry in settings["students"]
    ] + [(entry["title"], entry["model"], "none: a baseline") for entry in settings["baselines"]]
    variants = [
        (entry["title"], entry["iterations"], entry["on_self_win"], entry["on_original_win"], entry["loss"],
         "; ".join(f"{name}: {as_text(entry[name])}" for name in ("training", "teacher") if name in entry))
        for entry in settings["variants"]
    ]  # fmt: skip
    benchmarks = [
        (entry["title"], entry.get("size", f"all of {as_text(entry.get('path') or entry.get('source'))}"),
         steps_of(entry), entry["decoding"]["samples"], entry["decoding"]["temperature"])
        for entry in settings["benchmarks"]
    ]  # fmt: skip
    return {
        "Roles": table_of(("Role", "Backend", "Model"), roles),
        "Students": table_of(("Student", "Base", "Training"), students),
        "Variants": table_of(
            ("Variant", "Iterations", "Where its own answer wins", "Where the original wins", "Loss on turns", "Other"),
            variants,
        ),
        "Benchmarks": table_of(("Benchmark", "Tasks", "Steps (weight)", "Answers a task", "Temperature"), benchmarks),
    }


def manifest_rows(path: str) -> Iterator[tuple[str, str, str]]:
    """What one manifest says: kind, name, value. Raises BadInput where it is none."""
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), dict) for key in ("of", "versions")):
        raise BadInput(f"{path}: not a manifest ('of' and 'versions' are needed); make it again")
    for of, entry in manifest["of"].items():
        if not isinstance(entry, dict):
            raise BadInput(f"{path}: '{of}' of a manifest must be a mapping; make it again")
        for kind, value in entry.items():
            if kind in NAMED and isinstance(value, dict):
                yield from ((kind.removesuffix("s"), name, as_text(found)) for name, found in value.items())
            else:
                yield kind, of, as_text(value)
    yield from (("version", name, as_text(value)) for name, value in manifest["versions"].items())


def manifest_table(paths: Sequence[str]) -> Table | None:
    """Each thing that manifests say, once, by kind."""
    rows = dict.fromkeys(row for path in paths for row in manifest_rows(path))
    kinds = ("version", "model", "seed")
    order = {kind: index for index, kind in enumerate(kinds)}
    ordered = sorted(rows, key=lambda row: (order.get(row[0], len(kinds)), row))
    return table_of(("What", "Of", "Value"), ordered) if rows else None


def main(options: Namespace) -> None:
    settings = options.settings
    try:
        label, tables = settings["label"], described(settings)
        owners = {entry["name"] for kind in ("students", "variants") for entry in settings[kind]}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"--settings: {type(error).__name__} {error}; hand over what rules/inputs.smk does") from None
    notes = {Path(path).stem: path for path in options.notes}
    captions = {Path(path).stem: read_caption(path, settings) for path in options.captions}
    parts = [table_part(path, notes, captions, label) for path in options.tables]
    parts += [figure_part(path, captions, label) for path in options.figures]
    page = fill(
        options.template,
        settings=settings,
        label=label,
        described=tables,
        introduction=captions.get("workflow", []),
        parts={part.name: part for part in parts},
        stages=gather(stages(options.times, owners)) if options.times else [],
        speeds=read_table(options.speeds, None) if options.speeds else None,
        manifest=manifest_table(options.manifests),
    )
    with atomic_write(options.output) as path:
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run_step(main, arguments())
