"""Write the result page: one HTML file with all results of a run, to read offline or to print.

The file contains its figures, styles and tables, and refers to no other file. The same inputs give the same bytes,
except for the section of times, which every run measures.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, read_json
from refinement.results.page import Table, read_caption, read_table, read_title_and_note, render_template, table_of
from refinement.results.svg import embed_svg
from refinement.results.text import as_text
from refinement.results.times import merge_short_stages, stages
from refinement.running.command_line import json_value, parser, run_step

SIGNS = {"holds": "✓", "does not hold": "✗", "within noise": "≈", "not measured": "–"}
NAMED = ("versions", "model", "models", "problems")


class Claim(NamedTuple):
    """A row of the ledger: the claim, its section in the paper, the paper's numbers, ours, and the verdict."""

    text: str
    section: str
    published: Sequence[str]
    ours: Sequence[str]
    verdict: str


class Part(NamedTuple):
    """A table or a figure with its texts; ``table`` and ``svg`` are both None if this run leaves the part out.

    ``said``: the text of the tag beside the heading; ``excerpt``: the rows to show when a long table is folded;
    ``claims``: the rows of the ledger, which the page does not show as a wide table.
    """

    name: str
    title: str
    section: str
    said: str
    caption: Sequence[str] = ()
    path: str = ""
    note: str = ""
    table: Table | None = None
    excerpt: Table | None = None
    claims: Sequence[Claim] | None = None
    svg: str | None = None


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--settings", type=json_value, required=True, help="JSON: the settings of the run, and the sections of the page"
    )
    options.add_argument(
        "--parts",
        type=json_value,
        required=True,
        help="JSON: each table and figure with its files, or without files if the run leaves it out",
    )
    options.add_argument("--times", help="folder of Snakemake's benchmark files")
    options.add_argument("--template", required=True, help="the page's Jinja template")
    options.add_argument("--output", required=True, help="HTML: the page")
    return options


def chosen(table: Table, path: str, names: Sequence[str]) -> list[list[str]]:
    """The rows of a table, restricted to some columns. Raises BadInput if a column is missing."""
    if missing := [name for name in names if name not in table.columns]:
        raise BadInput(f"{path}:1: no column '{missing[0]}'; make the file again")
    places = [list(table.columns).index(name) for name in names]
    return [[row[place] for place in places] for row in table.rows]


def read_claims(table: Table, path: str) -> list[Claim]:
    """Read the ledger of claims, and add a sign to each verdict. Raises BadInput if a column is missing."""
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
    """The audit's totals, and the averages that are off. Raises BadInput if a column is missing."""
    shown = ("Table", "Model", "Problems", "By chance", "Printed", "Recomputed", "Verdict")
    rows = chosen(table, path, ("Check", *shown))
    return table_of(shown, [row for check, *row in rows if check == "total" or row[-1] == "off"])


def part_of(entry: Mapping[str, Any], settings: Mapping[str, Any]) -> Part:
    """Read a table or a figure with its texts. Raises BadInput for a missing or broken file."""
    label, name, title = settings["label"], entry["name"], entry["title"]
    said = f"{label}: {entry['said']}" if entry.get("said") else label
    part = Part(name, title, entry["section"], said)
    if "data" not in entry and "figure" not in entry:
        return part
    part = part._replace(caption=read_caption(entry["caption"], settings) if "caption" in entry else [])
    if "figure" in entry:
        return part._replace(path=entry["figure"], svg=embed_svg(entry["figure"], name, f"{title} ({label})"))
    path = entry["data"]
    table = read_table(path, entry.get("decimals", 1))
    heading, note = read_title_and_note(entry["note"]) if "note" in entry else (title, "")
    return part._replace(
        title=heading.removesuffix(f" ({label})"),
        path=path,
        note=note,
        table=table,
        excerpt=excerpt_of(table, path) if entry.get("look") == "audit" else None,
        claims=read_claims(table, path) if entry.get("look") == "ledger" else None,
    )


def manifest_rows(path: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and value of each entry of a manifest. Raises BadInput if the file is not a manifest."""
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), dict) for key in ("of", "versions")):
        raise BadInput(f"{path}: not a manifest ('of' and 'versions' are needed); make the file again")
    for of, entry in manifest["of"].items():
        if not isinstance(entry, dict):
            raise BadInput(f"{path}: '{of}' of a manifest must be a mapping; make the file again")
        for kind, value in entry.items():
            if kind in NAMED and isinstance(value, dict):
                yield from ((kind.removesuffix("s"), name, as_text(found)) for name, found in value.items())
            else:
                yield kind, of, as_text(value)
    yield from (("version", name, as_text(value)) for name, value in manifest["versions"].items())


def manifest_table(paths: Sequence[str]) -> Table | None:
    """The entries of all manifests as a table, without duplicates, sorted by kind."""
    rows = dict.fromkeys(row for path in paths for row in manifest_rows(path))
    kinds = ("version", "model", "seed")
    order = {kind: index for index, kind in enumerate(kinds)}
    ordered = sorted(rows, key=lambda row: (order.get(row[0], len(kinds)), row))
    return table_of(("What", "Of", "Value"), ordered) if rows else None


def content(options: Namespace) -> dict[str, Any]:
    """The values for the template. Raises BadInput if the settings or parts lack something that the page needs."""
    settings = options.settings
    try:
        parts = [part_of(entry, settings) for entry in options.parts]
        files = [entry for entry in options.parts if "speeds" in entry]
        return {
            "settings": settings,
            "label": settings["label"],
            "described": {name: table_of(head, rows) for name, (head, *rows) in settings["described"].items()},
            "introduction": read_caption(settings["introduction"], settings),
            "parts": parts,
            "stages": merge_short_stages(stages(options.times, set(settings["owners"]))) if options.times else [],
            "speeds": read_table(files[0]["speeds"], None) if files else None,
            "manifest": manifest_table([entry["manifest"] for entry in options.parts if "manifest" in entry]),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__} {error}"
        raise BadInput(
            f"--settings or --parts: {what}; pass the JSON that refinement/experiment/page.py makes"
        ) from None


def main(options: Namespace) -> None:
    page = render_template(options.template, **content(options))
    with atomic_write(options.output) as path:
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run_step(main, arguments())
