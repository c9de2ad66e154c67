"""Tables and figures of benchmarks: the paper's values beside ours, and what was not run, which is never 0."""

import json
import shlex
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest

from refinement.benchmarks.requirements import skipped_execution
from refinement.results.claims import Chain, on_common_problems, read_passes
from refinement.results.figures import grid_shape
from refinement.results.page import read_table
from refinement.results.reference import load_reference
from refinement.results.tables import write_table
from scripts.acr import measure_effects, plot_feedback, plot_iterations, plot_variants, tabulate_selection
from scripts.acr.score_feedback import differences, first_tries, rows
from scripts.acr.score_selection import main as score_selection
from scripts.results import tabulate_passes
from scripts.results.summarize_seeds import tidy

REFERENCE = "reference/acr.yaml"
NEEDS = {"a-compiler-of-nowhere": "apt-get install nowhere"}
MISSING = "a-compiler-of-nowhere: not installed here (apt-get install nowhere)"
NOTE = f"Not run: C#, 158 problems ({MISSING})."


def row(iteration, value):
    """An iteration's row of a summary; ``value``: pass@1, None where nothing was run."""
    if value is None:
        return {"iteration": iteration, "problems": 0, "not_run": 158, "missing": [MISSING], "samples": 0,
                "pass@1": None, "low": None, "high": None, "verdicts": {}}  # fmt: skip
    return {"iteration": iteration, "problems": 164, "samples": 1, "pass@1": value, "low": value, "high": value}


def summaries(folder, **values):
    """A summary for each benchmark, by its name, with pass@1 by iteration."""
    for name, by_iteration in values.items():
        found = {"iterations": [row(*pair) for pair in enumerate(by_iteration)], "manifest": {}}
        (folder / f"{name}.json").write_text(json.dumps(found))
    return [str(folder / f"{name}.json") for name in values]


def tabulate(folder, paths, entries, *arguments, step=tabulate_passes):
    """The table's CSV as a data frame, and its Markdown."""
    outputs = [f"--{name}={folder / name}" for name in ("csv", "markdown", "latex", "manifest")]
    words = [*paths, "--entries", json.dumps(entries), "--label", "test", *outputs, *arguments]
    step.main(step.arguments().parse_args(words))
    return pd.read_csv(folder / "csv", keep_default_na=False), (folder / "markdown").read_text()


def test_a_benchmark_that_was_not_run_is_said_to_be_and_is_no_zero(tmp_path):
    paths = summaries(tmp_path, java=[0.5, 0.75], cs=[None, None])
    entries = [{"student": "S", "benchmark": title} for title in ("Java", "C#")]
    frame, text = tabulate(tmp_path, paths, entries, "--name", "table5")
    assert list(frame["pass@1"]) == ["50.0", "75.0", "not run", "not run"]
    assert list(frame["Gain"]) == ["0.0", "25.0", "", ""] and list(frame["95% low"][2:]) == ["", ""]
    assert text.startswith("# Table 5: ") and text.count("| not run ") == 2 and NOTE in text and "nan" not in text
    assert NOTE.replace("#", r"\#") in (tmp_path / "latex").read_text() and "Published" not in text
    shown = read_table(tmp_path / "csv")
    assert [line[3] for line in shown.rows] == ["50.0", "75.0", "not run", "not run"] and shown.looks[3] == "number"
    assert list(tidy(tmp_path / "csv", 0).query("Number == 'pass@1'")["value"].dropna()) == [50.0, 75.0]


def test_a_part_that_was_not_run_is_named_beside_the_score_of_the_rest(tmp_path):
    (path,) = summaries(tmp_path, cs=[0.5])
    summary = json.loads(Path(path).read_text())
    summary["iterations"][0] |= {"problems": 162, "not_run": 2, "missing": [MISSING]}
    Path(path).write_text(json.dumps(summary))
    frame, text = tabulate(tmp_path, [path], [{"student": "S", "benchmark": "C#"}], "--name", "table5")
    assert list(frame["pass@1"]) == [50.0] and f"Not run: C#, 2 problems ({MISSING})." in text


def test_published_values_stand_beside_ours_with_the_papers_averages(tmp_path):
    columns = ("cpp", "csharp", "java", "bash", "typescript", "javascript")
    values = {column: [0.1 * place, 0.1 * place + 0.06] for place, column in enumerate(columns)}
    own = [{"student": "Q", "benchmark": c.upper(), "column": c, "row": "RefineCoder-QW-7B"} for c in columns]
    other = [{"student": "B", "benchmark": c.upper(), "column": c, "baseline": True} for c in columns]
    paths = summaries(tmp_path, **values) + summaries(tmp_path, **{f"b_{c}": v[:1] for c, v in values.items()})
    frame, text = tabulate(tmp_path, paths, own + other, "--name", "table5", "--reference", REFERENCE)
    assert list(frame["Published"][:4]) == ["60.7", "62.1", "72.4", "74.6"] and set(frame["Published"][14:]) == {""}
    averages = frame[frame["Benchmark"] == "Average"]
    assert list(averages["Model"]) == ["Q, iteration 0", "Q, iteration 1", "B"]
    assert list(averages["pass@1"]) == pytest.approx([25.0, 31.0, 25.0])
    assert list(averages["Published"]) == ["67.8", "67.8", ""] and list(averages["Gain"])[1] == "6.0"
    assert list(frame["Problems"])[:2] == ["164", "164"] and list(averages["Problems"]) == [""] * 3
    assert "| 60.7" in text and "Published: the paper's" in text
    assert list(json.loads((tmp_path / "manifest").read_text())["inputs"])[-1] == REFERENCE


def test_an_average_of_other_benchmarks_is_not_held_against_the_papers(tmp_path):
    paths = summaries(tmp_path, cpp=[0.5], cs=[None])
    entries = [{"student": "Q", "benchmark": title, "column": column, "row": "RefineCoder-QW-7B"}
               for title, column in (("C++", "cpp"), ("C#", "csharp"))]  # fmt: skip
    frame, text = tabulate(tmp_path, paths, entries, "--name", "table5", "--reference", REFERENCE)
    assert list(frame["Published"]) == ["60.7", "72.4", ""]
    assert list(frame["pass@1"]) == ["50.0", "not run", "not run"] and NOTE in text


def test_a_baseline_has_the_row_that_config_names(tmp_path):
    paths = summaries(tmp_path, he=[0.9], own=[0.4])
    entries = [
        {"student": "B", "benchmark": "HumanEval+", "baseline": True, "column": "humaneval_plus",
         "row": "Qwen2.5-Coder-7B-Instruct"},
        {"student": "B", "benchmark": "Own", "baseline": True, "row": "Qwen2.5-Coder-7B-Instruct"},
    ]  # fmt: skip
    frame, _ = tabulate(tmp_path, paths, entries, "--name", "table2", "--reference", REFERENCE)
    assert list(frame["Published"]) == ["84.1", "", ""] and list(frame["Model"]) == ["B"] * 3


def share(value):
    return {"value": value, "low": value, "high": value}


def selection(folder, name, value, **more):
    names = ("best", "mean", "worst", "error_rate", "difference")
    found = {"problems": 164 if value else 0, "unjudged": 0, "samples": 10, "manifest": {}, **more,
             **dict.fromkeys(names, share(value))}  # fmt: skip
    (folder / name).write_text(json.dumps(found))
    return str(folder / name)


def test_table_4_has_the_papers_values_and_what_was_not_run(tmp_path):
    paths = [selection(tmp_path, "a", 0.5), selection(tmp_path, "b", None, not_run=158, missing=[MISSING])]
    entries = [
        {"model": "Q, iteration 3", "benchmark": "HumanEval+", "row": "RefineCoder-QW-7B Iter3", "column": "humaneval_plus"},
        {"model": "Q, iteration 3", "benchmark": "C#", "row": "RefineCoder-QW-7B Iter3", "column": "csharp"},
    ]  # fmt: skip
    frame, text = tabulate(tmp_path, paths, entries, "--reference", REFERENCE, step=tabulate_selection)
    assert list(frame["Published"]) == ["best 83.6, worst 75.0, error rate 3.1", ""]
    assert list(frame["Best"]) == ["50.0", "not run"] and list(frame["Error rate 95%"]) == ["50.0 to 50.0", ""]
    assert NOTE in text
    frame, text = tabulate(tmp_path, paths[:1], entries[:1], step=tabulate_selection)
    assert "Published" not in frame and "ot run" not in text


def draw(folder, step, paths, entries, *arguments):
    """The figure's text as SVG, and its data."""
    outputs = [f"--{name}={folder / f'figure.{name}'}" for name in ("svg", "pdf", "png", "csv")]
    words = [*paths, "--entries", json.dumps(entries), "--label", "test", *outputs, *arguments]
    step.main(step.arguments().parse_args(words))
    return (folder / "figure.svg").read_text(), pd.read_csv(folder / "figure.csv")


@pytest.mark.parametrize(
    ("step", "arguments"),
    [(plot_iterations, "--final 1"), (plot_variants, "--last 1"), (plot_feedback, "--format single --cases hidden")],
    ids=["figure6", "figure3", "figure4"],
)
def test_figures_say_what_was_not_run(tmp_path, step, arguments):
    benchmarks = [f"B{number}" for number in range(8)] + ["C#"]
    entries = [{"student": "S", "variant": "ACR", "benchmark": name} for name in benchmarks]
    paths = summaries(tmp_path, **{name: [None, None] if name == "C#" else [0.5, 0.75] for name in benchmarks})
    for path in map(Path, paths):
        found = json.loads(path.read_text())["iterations"]
        tries = [{**entry, "feedback": kind, "failed_first": 0, "repaired": 0} for entry in found
                 for kind in ("none", "execution", "suggestion")]  # fmt: skip
        path.write_text(json.dumps({"iterations": found, "tries": tries, "manifest": {}}))
    svg, data = draw(tmp_path, step, paths, entries, *shlex.split(arguments))
    assert "not run" in svg and "C#, 158 problems" in svg and "apt-get" in svg
    assert data[data["benchmark"] == "C#"]["pass@1"].isna().all() and (data["benchmark"] == "C#").sum() in (2, 6)
    assert set(data[data["benchmark"] != "C#"]["pass@1"]) == {50.0, 75.0}
    svg, _ = draw(tmp_path, step, paths[:8], entries[:8], *shlex.split(arguments))
    assert "ot run" not in svg and all(f">{name}<" in svg for name in benchmarks[:8])


def test_many_panels_go_on_in_further_rows():
    assert [grid_shape(number) for number in (1, 2, 4, 5, 8, 9)] == [(1, 1), (1, 2), (1, 4), (2, 4), (2, 4), (3, 4)]


def outcome(name, verdict, iteration=0):
    return {"id": name, "iteration": iteration, "sample": 1, "passed": int(verdict == "passed"), "verdict": verdict,
            "error": MISSING if verdict == "not_run" else None, "response": ""}  # fmt: skip


def test_feedback_counts_no_problem_that_was_not_run():
    outcomes = [outcome("a", "passed"), outcome("b", "failed"), outcome("c", "not_run"), outcome("d", "no_code")]
    solutions = [{"id": "0/execution/d", "program": "d#"}, {"id": "0/suggestion/b", "program": None}]
    runs = {"d#": skipped_execution({"id": "d#", "mode": "run", "needs": NEEDS})}
    first, missing = first_tries(outcomes, solutions, runs, 0)
    assert first == {"a": True, "b": False}, "d's second try could not be run, so d was not"
    assert missing == {"not_run": 2, "missing": [MISSING]}
    assert first_tries(outcomes[:2], solutions[1:], runs, 0) == ({"a": True, "b": False}, {})
    first, missing = first_tries([outcome("c", "not_run")], [], {}, 0)
    assert [found["pass@1"] for found in rows(first, {}, 0, 0)] == [None] * 3 and missing["not_run"] == 1
    assert list(differences(first, {}, 0, 0)) == []


@pytest.mark.parametrize("unmet", ["b", "ab"])
def test_the_scoring_study_leaves_out_what_was_not_run(tmp_path, unmet):
    needs = {name: NEEDS if name in unmet else {} for name in "ab"}
    problems = [{"id": name, "prompt": "", "canonical_solution": None, "needs": needs[name]} for name in "ab"]
    samples = [{"id": f"3/{name}", "sample": number, "response": "", "finish_reason": "stop", "program": f"{name}#"}
               for name in "ab" for number in (1, 2)]  # fmt: skip
    judged = [{"id": s["id"], "sample": s["sample"], "scores": {"c": s["sample"]}, "reason": None} for s in samples]
    passed = {"verdict": "passed", "passed": 1, "total": 1, "error": None, "seconds": 0.1, "isolation": None,
              "integrity": "outside", "mode": "run"}  # fmt: skip
    runs = [skipped_execution({"id": f"{name}#", "mode": "run", "needs": needs[name]}) or {"id": f"{name}#", **passed}
            for name in "ab"]  # fmt: skip
    files = {"problems": problems, "solutions": samples, "judgements": judged, "runs": runs, "executions": []}
    for name, records in files.items():
        (tmp_path / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    paths = {name: str(tmp_path / name) for name in ("problems", "solutions", "judgements", "summary")}
    lists = {name: [str(tmp_path / name)] for name in ("executions", "runs")}
    score_selection(Namespace(**paths, **lists, weights={"c": 1.0}, model="m", seed=0))
    summary = json.loads((tmp_path / "summary").read_text())
    assert (summary["problems"], summary["not_run"]) == (2 - len(unmet), len(unmet))
    assert summary["missing"] == [MISSING] and summary["unjudged"] == 0
    assert summary["best"]["value"] == (None if unmet == "ab" else 1.0)


def test_effects_are_of_problems_that_were_run_everywhere(tmp_path):
    verdicts = {"a": "passed", "b": "failed", "c": "not_run"}
    outcomes = [outcome(name, verdict, t) for t in (0, 1) for name, verdict in verdicts.items()]
    assert read_passes(outcomes) == {t: {"a": 1.0, "b": 0.0} for t in (0, 1)}
    variant = {"title": "ACR", "name": "acr", "on_self_win": "replace", "on_original_win": "critique", "loss": "all"}
    chains = [Chain(variant, "B", read_passes(outcomes)), Chain(variant, "B", {0: {"b": 1.0, "c": 1.0}})]
    assert [chain.passes for chain in on_common_problems(chains)] == [{0: {"b": 0.0}, 1: {"b": 0.0}}, {0: {"b": 1.0}}]
    assert on_common_problems([*chains, Chain(variant, "B", {0: {}})]) == []
    (tmp_path / "outcomes").write_text("".join(json.dumps(outcome("c", "not_run", t)) + "\n" for t in (0, 1)))
    (tmp_path / "kinds").write_text(f"student,{measure_effects.SELF_BAND!s},records\n".replace(
        measure_effects.SELF_BAND, f'"{measure_effects.SELF_BAND}"'))  # fmt: skip
    (tmp_path / "feedback").write_text(json.dumps({"differences": []}))
    words = [tmp_path / "outcomes", "--entries", json.dumps([{"student": "S", "benchmark": "C#", "variant": variant}]),
             "--kinds", tmp_path / "kinds", "--selections", selection(tmp_path, "s", None, not_run=1, missing=[]),
             "--feedback", tmp_path / "feedback", "--titles", '{"selections": ["C#"], "feedback": ["C#"]}',
             "--final", 1, "--seed", 0, "--output", tmp_path / "effects.csv"]  # fmt: skip
    measure_effects.main(measure_effects.arguments().parse_args(map(str, words)))
    assert (tmp_path / "effects.csv").read_text() == "claim,of,value,low,high\n"


def test_every_table_of_the_paper_has_a_title_here():
    assert set(load_reference(REFERENCE)["tables"]) - set(tabulate_passes.TITLES) == {"table3", "table4"}


def test_a_caption_may_hold_what_latex_reads_as_its_own(tmp_path):
    paths = [str(tmp_path / name) for name in ("t.csv", "t.md", "t.tex")]
    write_table(pd.DataFrame({"a_b": ["50%"]}), "pass@1 (%) of M_0 & {x}", r"a\b ~ ^ $ #", *paths)
    text = (tmp_path / "t.tex").read_text()
    caption = text[text.index("\\caption") : text.index("\n", text.index("\\caption"))]
    assert r"pass@1 (\%) of M\_0 \& \{x\}" in caption
    assert r"a\textbackslash{}b \textasciitilde{} \textasciicircum{} \$ \#" in caption
