"""Audit a paper's tables: is each average the mean of its cells, and does each pass@1 fit a whole count of problems?"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from refinement.records.files import atomic_write
from refinement.results.audit import ROUNDINGS, check_average, matching_roundings, nearest_count, share_that_fits
from refinement.results.reference import Average, Cell, Reference, averages, load_reference, pass_cells
from refinement.results.tables import write_table
from refinement.running.command_line import parser, run_step

NOTE = (
    "Averages: Recomputed is the mean of the printed cells; off means that no cells which round to the printed ones "
    "have that average. Cells: No count are those that no whole number of solved problems gives, whichever way it is "
    "rounded; By chance is how many arbitrary digits would be expected to miss; Telling are cells that could miss. "
    "A cell without a count shows only that the value is not one answer to each problem, counted once and rounded: a "
    "mean over several runs or samples, or another number of problems, gives such values too. It says nothing about "
    "honesty. Where the number of problems is not known for sure the cells are not checkable; what holds under an "
    "assumed number is said apart."
)
COLUMNS = (
    "Check", "Table", "Model", "Measured", "Problems", "Cells", "Telling", "No count", "By chance", "Printed",
    "Recomputed", "Verdict",
)  # fmt: skip
Row = dict[str, Any]


class Counted(NamedTuple):
    """A published pass@1 with its benchmark's number of problems (None if not known).

    ``basis``: "known", "assumed" or "not known".
    """

    cell: Cell
    problems: int | None
    basis: str

    @property
    def missed(self) -> bool:
        """Whether the cell fits no count of solved problems, by any rounding."""
        return self.problems is not None and not matching_roundings(self.cell.value, self.problems)


share_by_chance = cache(share_that_fits)


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("reference", help="YAML: a paper's published numbers")
    options.add_argument(
        "--cells", required=True, help="CSV: every pass@1, with the roundings and the count that fit it"
    )
    options.add_argument("--csv", required=True, help="the audit as CSV")
    options.add_argument("--markdown", required=True, help="the audit as Markdown")
    options.add_argument("--latex", required=True, help="the audit as LaTeX")
    return options


def count(cell: Cell, reference: Reference) -> Counted:
    """Look up the number of problems of a cell's benchmark."""
    benchmark = reference["benchmarks"][cell.benchmark]
    if benchmark["problems"]:
        return Counted(cell, benchmark["problems"], "known")
    assumed = benchmark.get("assumed")
    return Counted(cell, assumed, "assumed" if assumed else "not known")


def title_of(table: str) -> str:
    """The title of a table, from its key."""
    return f"Table {table.removeprefix('table')}"


def average_row(average: Average) -> Row:
    """A row for one printed average, beside the mean of its cells."""
    found = check_average(average.cells, average.printed)
    verdict = "agrees" if found.strict else "within the cells' rounding" if found.generous else "off"
    return {
        "Check": "average",
        "Table": title_of(average.table),
        "Model": average.model,
        "Measured": average.column,
        "Cells": len(average.cells),
        "Printed": f"{average.printed:.1f}",
        "Recomputed": f"{float(found.mean):.3f}",
        "Verdict": verdict,
    }


def tally(cells: Iterable[Counted]) -> Row:
    """Count the cells that fit no count, the cells that could fit none, and how many would fit none by chance."""
    shares = [(cell, share_by_chance(cell.problems)) for cell in cells if cell.problems]
    return {
        "Cells": len(shares),
        "Telling": sum(share < 1 for _, share in shares),
        "No count": sum(cell.missed for cell, _ in shares),
        "By chance": f"{sum(1 - share for _, share in shares):.1f}",
    }


def group_verdict(found: Row, problems: int, basis: str) -> str:
    """The verdict on one group of cells, in words."""
    if not found["Telling"]:
        return "cannot be told: every value fits"
    missed = f"{found['No count']} of {found['Cells']} fit no count" if found["No count"] else "all fit"
    return missed if basis == "known" else f"not checkable; if {problems} problems, {missed}"


def group_row(cells: list[Counted], reference: Reference) -> Row:
    """A row for one model family on one benchmark in one table."""
    (first, problems, basis) = cells[0]
    row = {
        "Check": "cells",
        "Table": title_of(first.table),
        "Model": reference["families"][first.family],
        "Measured": reference["benchmarks"][first.benchmark]["title"],
    }
    if problems is None:
        return {**row, "Problems": basis, "Cells": len(cells), "Verdict": "not checkable"}
    found = tally(cells)
    shown = str(problems) if basis == "known" else f"{problems} ({basis})"
    return {**row, "Problems": shown, **found, "Verdict": group_verdict(found, problems, basis)}


def total_row(cells: list[Counted], reference: Reference, scope: str) -> Row:
    """A row for one model family over several benchmarks."""
    found = tally(cells)
    return {
        "Check": "total",
        "Table": scope,
        "Model": reference["families"][cells[0].cell.family],
        "Problems": " and ".join(sorted({cell.basis for cell in cells}, reverse=True)),
        **found,
        "Verdict": f"{found['No count']} of {found['Telling']} telling cells fit no count",
    }


def grouped(cells: Iterable[Counted], *names: str) -> list[list[Counted]]:
    """Group the cells by the named fields; groups keep the order in which they first appear."""
    groups: dict[tuple[str, ...], list[Counted]] = {}
    for counted in cells:
        groups.setdefault(tuple(getattr(counted.cell, name) for name in names), []).append(counted)
    return list(groups.values())


def total_rows(cells: list[Counted], reference: Reference) -> Iterator[Row]:
    """Yield the totals of each family: by table, over all cells with a known number of problems, and over all."""
    usable = [cell for cell in cells if cell.problems]
    for group in grouped(usable, "table", "family"):
        yield total_row(group, reference, title_of(group[0].cell.table))
    for group in grouped(usable, "family"):
        known = [cell for cell in group if cell.basis == "known"]
        for part in (known, group) if len(known) < len(group) else (known,):
            if part:
                yield total_row(part, reference, "all")


def cell_row(counted: Counted) -> Row:
    """A row for one cell: the roundings that fit it, and the nearest count of solved problems."""
    cell, problems, basis = counted
    row = {**cell._asdict(), "problems": problems, "basis": basis}
    if problems is None:
        return row
    found, solved = matching_roundings(cell.value, problems), nearest_count(cell.value, problems)
    named = " ".join(name for name in ROUNDINGS if name in found) or "none"
    return {**row, "fits": named, "solved": solved, "nearest_possible": f"{100 * solved / problems:.3f}"}


def main(options: Namespace) -> None:
    reference = load_reference(options.reference)
    cells = [count(cell, reference) for cell in pass_cells(reference)]
    rows = [average_row(average) for average in averages(reference)]
    rows += [group_row(group, reference) for group in grouped(cells, "table", "family", "benchmark")]
    rows += total_rows(cells, reference)
    frame = pd.DataFrame([dict.fromkeys(COLUMNS, "") | row for row in rows])
    table = pd.DataFrame([cell_row(cell) for cell in cells]).astype({"problems": "Int64", "solved": "Int64"})
    with atomic_write(options.cells) as path:
        table.to_csv(path, index=False)
    title = f"Audit of the tables of {reference['paper']}"
    write_table(frame, title, NOTE, options.csv, options.markdown, options.latex)


if __name__ == "__main__":
    run_step(main, arguments())
