"""Fill README.md and docs/results_miniature.md, between their markers.

The tables of a run over five seeds:

    snakemake --cores 2 --config seeds=5
    python docs/fill_readme.py results/miniature

The list of targets in README.md, from the entries of all tables and figures:

    python docs/fill_readme.py targets
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from refinement.experiment.configuration import complete_config
from refinement.experiment.experiment import Experiment
from refinement.experiment.method import method_names

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
PAGES = (README, PROJECT / "docs" / "results_miniature.md")


class Seeds:
    """Means and standard deviations of a run over seeds (tables/seeds.csv)."""

    def __init__(self, folder: Path) -> None:
        self._frame = pd.read_csv(folder / "tables" / "seeds.csv")
        self.count = sum(column.startswith("Seed ") for column in self._frame)

    def show(self, result: str, row: str, number: str = "pass@1") -> str:
        """A number as text, nothing where it was not measured."""
        frame = self._frame
        found = frame[(frame.Result == result) & (frame.Row == row) & (frame.Number == number)]
        return f"{found.iloc[0].Mean:.1f} ± {found.iloc[0].SD:.1f}" if len(found) == 1 else ""

    def numbers(self, result: str) -> list[str]:
        """What is measured in each row of a result."""
        return list(dict.fromkeys(self._frame[self._frame.Result == result].Number))

    def rows(self, result: str) -> list[list[str]]:
        """The parts of the names of a result's rows, in order."""
        return [list(row.split(", ")) for row in dict.fromkeys(self._frame[self._frame.Result == result].Row)]


def lines_of(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [columns, ["---"] * len(columns), *rows])


def by_iteration(seeds: Seeds) -> str:
    """pass@1 of the method, by iteration (Figure 6)."""
    names = dict.fromkeys((row[0], row[1]) for row in seeds.rows("figure6"))
    iterations = sorted({int(row[-1]) for row in seeds.rows("figure6")})
    rows = [
        [benchmark, *(seeds.show("figure6", f"{student}, {benchmark}, {t}") for t in iterations)]
        for student, benchmark in names
    ]
    return lines_of(["pass@1 (%)", *(f"M_{t}" for t in iterations)], rows)


def by_variant(seeds: Seeds) -> str:
    """M_0 and the last model of each variant (Figure 3)."""
    found: dict[str, dict[str, list[int]]] = {}
    for student, *title, benchmark, iteration in seeds.rows("figure3"):
        found.setdefault(", ".join(title), {}).setdefault(f"{student}|{benchmark}", []).append(int(iteration))
    benchmarks = list(dict.fromkeys(key for by in found.values() for key in by))
    columns = [part for key in benchmarks for part in (f"{key.partition('|')[2]}: M_0", "M_2")]

    def cells(title: str, key: str) -> list[str]:
        student, _, benchmark = key.partition("|")
        return [seeds.show("figure3", f"{student}, {title}, {benchmark}, {t}") for t in (0, 2)]

    rows = [[title, *(cell for key in benchmarks for cell in cells(title, key))] for title in found]
    return lines_of(["pass@1 (%)", *columns], rows)


def by_number(seeds: Seeds, result: str, numbers: list[str], heads: list[str]) -> str:
    """Some numbers of every row of a result, the student left out."""
    rows = [
        [", ".join(row[1:]), *(seeds.show(result, ", ".join(row), number) for number in numbers)]
        for row in seeds.rows(result)
    ]
    return lines_of(heads, rows)


def by_feedback(seeds: Seeds) -> str:
    """pass@1 with and without second tries (Figure 4)."""
    kinds = ("none", "execution", "suggestion")
    models = dict.fromkeys(tuple(row[:-1]) for row in seeds.rows("figure4"))
    rows = [
        [
            f"{', '.join(model[1:-1])}, M_{model[-1]}",
            *(seeds.show("figure4", ", ".join((*model, kind))) for kind in kinds),
        ]
        for model in models
    ]
    return lines_of(["pass@1 (%), Figure 4", "first try", "and execution feedback", "and a suggestion"], rows)


def by_claim(folder: Path) -> str:
    """The ledger's verdicts."""
    claims = pd.read_csv(folder / "tables" / "claims.csv")
    rows = [[row.Claim, row.Verdict, row.Effects] for row in claims.itertuples() if row.Verdict != "not measured"]
    return lines_of(["claim", "verdict", "effects"], rows)


def targets() -> str:
    """Every table and figure as a target, by method; an asterisk marks those that the method's default leaves out."""
    lines = []
    for method in method_names():
        experiment = Experiment(complete_config({"method": method}, PROJECT), PROJECT)
        width = max(len(result.name) for result in experiment.declared_results) + 2
        lines += [f"# method {method}"]
        for result in experiment.declared_results:
            mark = "" if result.wanted else " *"
            lines.append(f"{result.name:{width}}{result.title}{mark}")
    return "\n".join(["```text", *lines, "```"])


def fill(text: str, name: str, content: str) -> str:
    """Replace what stands between a pair of markers."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}"


def fill_pages(parts: Mapping[str, str]) -> None:
    """Put each part between its markers, in the page that has them."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in (name for name in parts if f"<!-- {name} -->" in text):
            text = fill(text, name, parts[name])
        page.write_text(text, encoding="utf-8")


def tables(folder: Path) -> dict[str, str]:
    """All tables of a run over seeds, by the name of their markers."""
    seeds = Seeds(folder)
    kinds = seeds.numbers("figure5")
    scores, score_heads = ["Best", "Mean", "Worst", "Error rate"], ["best", "mean", "worst", "error rate"]
    print(f"{seeds.count} seeds of {folder}")
    return {
        "iterations": by_iteration(seeds),
        "variants": by_variant(seeds),
        "scoring": by_number(seeds, "table4", scores, ["%, Table 4", *score_heads]),
        "kinds": by_number(seeds, "figure5", kinds, ["% of D_t, Figure 5: t", *kinds]),
        "feedback": by_feedback(seeds),
        "claims": by_claim(folder),
    }


if __name__ == "__main__":
    argument = sys.argv[1]
    fill_pages({"targets": targets()} if argument == "targets" else tables(Path(argument)))
