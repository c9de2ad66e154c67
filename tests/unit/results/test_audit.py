"""The audit's arithmetic, what it finds in the paper's tables, and what it says of a broken reference."""

import copy
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from refinement.records.errors import BadInput
from refinement.results.audit import ROUNDINGS, check_average, matching_roundings, nearest_count, share_that_fits
from refinement.results.reference import averages, load_reference, pass_cells

PATH = Path("reference/acr.yaml")
REFERENCE = load_reference(PATH)
CLAIMS = {claim["id"]: claim for claim in REFERENCE["claims"]}
COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TENTHS = st.integers(0, 1000).map(lambda tenths: tenths / 10)


@given(COUNTS)
def test_every_rounding_of_a_share_fits_by_its_name(case):
    k, n = case
    tenths = Fraction(1000 * k, n)
    assert "nearest" in matching_roundings(round(tenths) / 10, n)
    assert "nearest" in matching_roundings(floor(tenths + Fraction(1, 2)) / 10, n)
    assert "up" in matching_roundings(ceil(tenths) / 10, n)
    assert "down" in matching_roundings(floor(tenths) / 10, n)


@given(TENTHS, st.integers(1, 400))
def test_what_fits_is_what_some_count_gives(cell, n):
    tenths = [Fraction(1000 * k, n) for k in range(n + 1)]
    wanted = round(cell * 10)
    found = {
        "nearest": any(abs(value - wanted) <= Fraction(1, 2) for value in tenths),
        "up": any(ceil(value) == wanted for value in tenths),
        "down": any(floor(value) == wanted for value in tenths),
    }
    assert matching_roundings(cell, n) == {name for name in ROUNDINGS if found[name]}
    gaps = [abs(value - wanted) for value in tenths]
    assert nearest_count(cell, n) == gaps.index(min(gaps))


@given(
    st.lists(st.decimals(0, 100, places=4), min_size=1, max_size=8),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_the_mean_of_true_cells_is_always_within_the_cells_rounding(true, rounding):
    tenth = Decimal("0.1")
    cells = [float(value.quantize(tenth, rounding)) for value in true]
    mean = sum(map(Fraction, true)) / len(true)
    exact_tenths = floor(mean * 10 + Fraction(1, 2)) if rounding == ROUND_HALF_UP else round(mean * 10)
    assert check_average(cells, exact_tenths / 10).generous


@given(st.lists(TENTHS, min_size=1, max_size=8))
def test_the_mean_of_printed_cells_passes_and_one_step_more_than_rounding_allows_does_not(cells):
    mean = sum(Fraction(str(cell)) for cell in cells) / len(cells)
    for printed in (float(round(mean, 1)), floor(mean * 10 + Fraction(1, 2)) / 10):
        found = check_average(cells, printed)
        assert found.strict and found.generous and found.mean == mean
        assert not check_average(cells, round(printed + 0.2, 1)).generous


def test_a_whole_step_off_needs_every_tie_to_go_to_even():
    assert not check_average([57.6], 57.5).generous
    assert check_average([57.4, 57.6], 57.4).generous and check_average([57.4, 57.6], 57.6).generous
    assert not check_average([57.3, 57.7], 57.4).generous
    assert not check_average([57.4, 57.6], 57.3).generous
    assert check_average([57.2, 57.3], 57.3).strict and check_average([57.2, 57.3], 57.2).strict


@pytest.mark.parametrize(("cell", "problems"), [(-0.1, 10), (100.1, 10), (50.0, 0)])
def test_a_cell_that_is_no_share_is_refused(cell, problems):
    with pytest.raises(ValueError, match="not defined"):
        matching_roundings(cell, problems)
    with pytest.raises(ValueError, match="not defined"):
        nearest_count(cell, problems)


def test_edges():
    with pytest.raises(ValueError, match="not defined"):
        check_average([], 1.0)
    assert matching_roundings(50.05, 2000) == set() and matching_roundings(50.05, 2000, decimals=2) == set(ROUNDINGS)
    assert share_that_fits(1140) == share_that_fits(1000) == 1 and share_that_fits(1) == pytest.approx(2 / 1001)
    assert 0.3 < share_that_fits(164) < 0.35


def missing(family, tables, assume=False, telling=False):
    """(cells without a count, cells) of a family over some tables."""
    found = []
    for cell in pass_cells(REFERENCE):
        benchmark = REFERENCE["benchmarks"][cell.benchmark]
        problems = benchmark["problems"] or (benchmark.get("assumed") if assume else None)
        if cell.family == family and cell.table in tables and problems and not (telling and problems >= 1000):
            found.append(not matching_roundings(cell.value, problems))
    return sum(found), len(found)


def test_three_averages_of_table_5_are_off_and_no_other():
    off = {
        (average.table, average.model): (average.printed, float(check_average(average.cells, average.printed).mean))
        for average in averages(REFERENCE)
        if not check_average(average.cells, average.printed).strict
    }
    assert off == {
        ("table5", "RefineCoder-DS-6.7B Iter0"): (57.2, pytest.approx(56.95)),
        ("table5", "RefineCoder-DS-6.7B Iter1"): (58.2, pytest.approx(57.65)),
        ("table5", "RefineCoder-DS-6.7B Iter2"): (57.5, pytest.approx(57.6)),
    }
    assert not any(check_average(a.cells, a.printed).generous for a in averages(REFERENCE) if (a.table, a.model) in off)
    assert len(averages(REFERENCE)) == 34


def test_cells_without_a_count():
    both = ("table1", "table2")
    assert missing("baseline", both) == (0, 40) and missing("base", both) == (0, 11)
    assert missing("refinecoder_qw", both) == (11, 32) and missing("refinecoder_ds", both) == (2, 32)
    assert missing("refinecoder_qw", (*both, "table5"), assume=True, telling=True) == (26, 48)
    assert missing("refinecoder_ds", (*both, "table5"), assume=True, telling=True) == (4, 48)


def column(table, family, name):
    """A family's cells of one column, by iteration."""
    place = list(REFERENCE["tables"][table]["columns"]).index(name)
    rows = REFERENCE["tables"][table]["rows"]
    return [rows[model][place] for model, entry in REFERENCE["models"].items()
            if entry["family"] == family and model in rows]  # fmt: skip


def best_baseline(table, family):
    """The highest average of a baseline on the same base."""
    place = list(REFERENCE["tables"][table]["columns"]).index("average")
    rows = REFERENCE["tables"][table]["rows"]
    return max(rows[model][place] for model, entry in REFERENCE["models"].items()
               if entry["family"] == "baseline" and ("Qwen" in model) == (family == "refinecoder_qw"))  # fmt: skip


def measured(published):
    """The numbers of a claim as the tables have them."""
    table = published.get("about", published["source"])
    if "family" not in published:
        place = list(REFERENCE["tables"][table]["columns"]).index(published["column"])
        return [row[place] for row in REFERENCE["tables"][table]["rows"].values()]
    values = column(table, published["family"], published.get("column", "average"))
    return {
        "value": lambda: values,
        "gain": lambda: [after - before for before, after in pairwise(values)],
        "first_gain": lambda: [values[1] - values[0]],
        "gain_in_all": lambda: [values[-1] - values[0]],
        "lead": lambda: [values[-1] - best_baseline(table, published["family"])],
    }[published["measure"]]()


@pytest.mark.parametrize(
    ("claim", "published"),
    [
        pytest.param(claim, entry, id=f"{claim}-{number}")
        for claim in CLAIMS
        for number, entry in enumerate(CLAIMS[claim]["published"])
        if entry["values"]
    ],
)
def test_the_numbers_of_a_claim_are_those_of_the_tables(claim, published):
    unfounded = claim == "leads_over_baselines" and published["source"] == "text" and published["values"] == [3.6]
    assert (published["values"] == pytest.approx(measured(published))) != unfounded


def test_every_claim_that_we_look_into_is_listed():
    assert set(CLAIMS) == {
        "gains_at_each_iteration", "first_gain_is_largest", "leads_over_baselines", "either_module_matters",
        "critiques_matter_more", "self_wins_fall", "declines_after_third", "scoring_separates_samples",
        "feedback_helps", "human_like_feedback_helps_more", "other_languages_improve", "baselines_leak",
    }  # fmt: skip
    known = {*REFERENCE["tables"], *REFERENCE["figures"], "text"}
    for claim in CLAIMS.values():
        assert all(entry["source"] in known and entry.get("about", "table1") in known for entry in claim["published"])


def audit(reference, folder):
    outputs = {name: folder / f"audit.{name}" for name in ("csv", "markdown", "latex", "cells")}
    options = [part for name, path in outputs.items() for part in (f"--{name}", path)]
    command = [sys.executable, "scripts/results/audit_tables.py", reference, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120), outputs


def test_the_step_writes_what_it_finds(tmp_path):
    run, outputs = audit(PATH, tmp_path)
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(outputs["csv"], dtype=str, keep_default_na=False)
    off = table[table.Verdict == "off"]
    assert list(off.Printed) == ["57.2", "58.2", "57.5"] and list(off.Recomputed) == ["56.950", "57.650", "57.600"]
    assert "says nothing about honesty" in " ".join(outputs["markdown"].read_text().split())
    unknown = table[table.Measured.str.startswith(("LiveCodeBench", "MultiPL-E"))]
    assert len(unknown) == 18 and unknown.Verdict.str.startswith("not checkable").all()
    total = table[(table.Check == "total") & (table.Table == "all") & (table.Problems == "known")]
    assert dict(zip(total.Model, zip(total.Cells, total["No count"], strict=True), strict=True)) == {
        "Base models": ("11", "0"), "Baselines": ("40", "0"),
        "RefineCoder-DS-6.7B": ("34", "2"), "RefineCoder-QW-7B": ("34", "11"),
    }  # fmt: skip
    cells = pd.read_csv(outputs["cells"])
    assert len(cells) == len(pass_cells(REFERENCE)) and (cells.basis == "not known").sum() == cells.fits.isna().sum()
    odd = cells[(cells.model == "RefineCoder-DS-6.7B Iter3") & (cells.column == "bcb_hard_instruct")].iloc[0]
    assert (odd.value, odd.problems, odd.fits, odd.solved, odd.nearest_possible) == (20.1, 148, "none", 30, 20.27)


def changed(place, value):
    """The reference as YAML with one entry set, or removed where the value is ..."""
    reference = copy.deepcopy(REFERENCE)
    *parents, last = place
    entry = reference
    for key in parents:
        entry = entry[key]
    if value is ...:
        del entry[last]
    else:
        entry[last] = value
    return yaml.safe_dump(reference, sort_keys=False)


ROW = ("tables", "table1", "rows", "RefineCoder-QW-7B Iter0")
BROKEN = [
    ("a: 1\nb: [1, 2\nc: 3\n", ":3: not YAML"),
    ("a: \x07", "not YAML"),
    ("", "top level: None is not of type 'object'"),
    (changed(("benchmarks",), ...), "top level: the key 'benchmarks' is missing"),
    (changed(("benchmarks", "mbpp", "problems"), ...), "benchmarks.mbpp: the key 'problems' is missing"),
    (changed(("benchmarks", "mbpp", "problems"), 0), "benchmarks.mbpp.problems: 0 is less than"),
    (changed(("tables", "table1", "colums"), {}), "tables.table1: unknown key 'colums'"),
    (changed(("models", "Qwen2.5-Coder-7B-Base", "family"), "x"), "models.Qwen2.5-Coder-7B-Base: no family 'x'"),
    (changed(("tables", "table2", "columns", "mbpp", "benchmark"), "x"), "columns.mbpp: no benchmark 'x'"),
    (changed(("tables", "table2", "columns", "average", "mean_of"), ["x"]), "columns.average: cannot be a mean of 'x'"),
    (changed(ROW, [1.0]), "Iter0: 1 values for 5 columns"),
    (changed(ROW, [1.0, 2.0, 3.0, "4", 5.0]), "Iter0: '4' under bcb_hard_complete is not a percentage"),
    (changed(ROW, [1.0, 2.0, 3.0, 400, 5.0]), "Iter0: 400 under bcb_hard_complete is not a percentage"),
    (changed(ROW, [1.0, 2.0, 3.0, float("nan"), 5.0]), "Iter0: nan under bcb_hard_complete is not a percentage"),
    (changed(ROW, [1.0, 2.0, 3.0, 4.05, 5.0]), "Iter0: 4.05 under bcb_hard_complete is not a percentage"),
    (changed((*ROW[:3], "X"), [1.0] * 5), "rows.X: no such model"),
    (changed(("claims", 1, "id"), "gains_at_each_iteration"), "'gains_at_each_iteration' appears twice"),
]


@pytest.mark.parametrize(("text", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_a_broken_reference_is_said_in_one_line(tmp_path, text, says):
    path = tmp_path / "reference.yaml"
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        load_reference(path)
    line = str(error.value)
    assert line.startswith(str(path)) and says in line and "\n" not in line and len(line) < 300 + len(str(path))


def test_a_missing_reference_ends_the_step_in_one_line(tmp_path):
    run, _ = audit(tmp_path / "none.yaml", tmp_path)
    assert run.returncode == 1 and run.stderr.splitlines() == [
        f"error: {tmp_path}/none.yaml: no such file; name the YAML file of published numbers"
    ]
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_utf8(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"paper: caf\xe9\n")
    with pytest.raises(BadInput, match="not UTF-8 text"):
        load_reference(tmp_path / "latin.yaml")
