"""Make the ledger of claims: each claim with the paper's numbers, ours with intervals, and the verdict."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.records.errors import BadInput
from refinement.results.claims import FAILS, HOLDS, NOISE, UNMEASURED, Effect, combine_seeds, decide_verdict
from refinement.results.reference import load_reference
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("effects", nargs="+", help="CSV: effects, one file for each seed")
    options.add_argument("--reference", required=True, help="YAML: the paper's claims and numbers")
    add_table_options(options)
    return options


def read_effects(paths: Sequence[str]) -> dict[str, list[Effect]]:
    """Read the effects by claim, combined over all seeds. Raises BadInput if the runs measured different effects."""
    frames = [pd.read_csv(path) for path in paths]
    for path, frame in zip(paths[1:], frames[1:], strict=True):
        if list(frame["of"]) != list(frames[0]["of"]):
            raise BadInput(f"{path}: has other effects than {paths[0]}; make both files again with the same config")
    found: dict[str, list[Effect]] = {}
    for rows in zip(*(frame.itertuples(index=False) for frame in frames), strict=True):
        effect = combine_seeds([Effect(*row) for row in rows])
        found.setdefault(effect.claim, []).append(effect)
    return found


def describe_published(claim: Mapping[str, Any], families: Mapping[str, str]) -> str:
    """The paper's numbers about a claim, in words."""
    parts = []
    for entry in claim["published"]:
        place = re.sub(r"^(table|figure)(\d)", lambda found: f"{found[1].title()} {found[2]}", entry["source"])
        if entry["values"] is None:
            parts.append(f"{place}: in the picture alone")
            continue
        about = re.sub(r"^table(\d)", r"of Table \1", entry.get("about", ""))
        measure = "" if entry["measure"] == "value" else entry["measure"].replace("_", " ")
        words = (
            place,
            about,
            entry.get("column", "").replace("_", " "),
            families.get(entry.get("family", ""), ""),
            measure,
        )
        parts.append(f"{' '.join(filter(None, words))}: {', '.join(f'{value:g}' for value in entry['values'])}")
    return "; ".join(parts)


def describe_effects(effects: Sequence[Effect]) -> str:
    """Our effects in percentage points, with their intervals."""
    return "; ".join(f"{e.of}: {e.value:+.1f} [{e.low:+.1f}, {e.high:+.1f}]" for e in effects)


def count_effects(effects: Sequence[Effect]) -> str:
    """How many intervals are above 0, contain 0, and are below 0."""
    above, below = sum(e.low > 0 for e in effects), sum(e.high < 0 for e in effects)
    return f"{above} above, {len(effects) - above - below} within, {below} below" if effects else ""


def row(name: str, text: str, section: str, published: str, effects: Sequence[Effect]) -> dict[str, str]:
    """A row of the ledger."""
    return {
        "Claim": text,
        "Section": section,
        "Published": published,
        "Ours": describe_effects(effects),
        "Effects": count_effects(effects),
        "Verdict": decide_verdict(effects),
        "Id": name,
    }


def main(options: Namespace) -> None:
    reference, effects = load_reference(options.reference), read_effects(options.effects)
    rows = [
        row(
            claim["id"],
            claim["text"],
            claim["section"],
            describe_published(claim, reference["families"]),
            effects.get(claim["id"], []),
        )
        for claim in reference.get("claims", [])
    ]
    rows += [
        row(control["id"], control["text"], "control", "not in the paper", effects.get(control["id"], []))
        for control in reference.get("controls", [])
    ]
    seeds = len(options.effects)
    spread = f"means over {seeds} seeds with Student's 95% interval" if seeds > 1 else (
        "one training run with a bootstrap over problems, which does not contain the variation between seeds"
    )  # fmt: skip
    note = (
        f"Ours: points by which each effect exceeds 0, {spread}. A claim '{HOLDS}' if every effect is above noise, "
        f"'{FAILS}' if one is below it, and is '{NOISE}' otherwise; '{UNMEASURED}': this run has no such part. "
        "The published numbers are of other models and benchmarks: only directions can be compared."
    )
    title = f"Claims of {reference['paper']} ({options.label})"
    write_table(pd.DataFrame(rows), title, note, options.csv, options.markdown, options.latex)


if __name__ == "__main__":
    run_step(main, arguments())
