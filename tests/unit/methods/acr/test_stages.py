"""What is asked and read between the engines: nothing vanishes, and order does not matter."""

from refinement.answers.code import extract_code
from refinement.benchmarks.programs import distinct, program_id, standalone_program
from refinement.completion.requests import Answer
from refinement.methods.acr.refining import single_turn
from refinement.methods.acr.stages import (
    all_answers,
    collect_comparisons,
    collect_critiques,
    collect_executions,
    collect_judgements,
    collect_samples,
    comparison_orders,
    contradicts,
    rank,
    read_comparison,
    select_best,
)
from refinement.records.accounts import Account

CODE = "```python\nx = 1\n```"
OTHER = "```python\nimport pygame\n```"
WEIGHTS = {"consistency": 0.2, "code_exist": 0.15, "correctness": 0.4, "clarity": 0.15, "comments": 0.1}
DATASET = [single_turn({"id": name, "instruction": name}, CODE, "initial", "teacher") for name in "ab"]


def verdict(a, b, better):
    return f"Rating A: [[{a}]]\nRating B: [[{b}]]\nBetter: [[{better}]]"


def said(text):
    return Answer(text, "stop", None)


def test_all_samples_of_an_instruction_may_fail():
    account = Account("samples")
    samples = list(collect_samples(DATASET, {("a", 1): said(CODE), ("a", 2): said("prose")}, 2, account))
    assert [(s["id"], s["sample"]) for s in samples] == [("a", 1), ("a", 2)]
    assert (account.taken, account.given, account.rejected) == (4, 2, {"no_response": 2})
    best = list(select_best(DATASET, {}, {}, WEIGHTS, 2))
    assert [record["best_self"] for record in best] == [None, None]
    assert [record["winner"] for record in rank(best, [])] == ["unjudged", "unjudged"]


def test_programs_and_executions_cover_y0_and_every_sample():
    samples = {
        ("a", 1): {"response": CODE},
        ("a", 2): {"response": "prose only, no code"},
        ("b", 1): {"response": OTHER},
    }
    responses = list(all_answers(DATASET, samples, 2))
    programs = list(distinct(standalone_program(response) for _, _, response in responses))
    assert len(programs) == len({extract_code(response) for _, _, response in responses} - {None})
    runs = {p["id"]: {"verdict": "passed", "error": None} for p in programs}
    runs[program_id(extract_code(OTHER))] = {
        "verdict": "error",
        "error": "ModuleNotFoundError: No module named 'pygame'",
    }
    found = {(e["id"], e["sample"]): (e["executed"], e["verdict"]) for e in collect_executions(responses, runs)}
    assert found == {
        ("a", 0): (1, "passed"),
        ("a", 1): (1, "passed"),
        ("a", 2): (0, "no_code"),
        ("b", 0): (1, "passed"),
        ("b", 1): (0, "missing_package"),
    }


def test_a_sample_that_cannot_be_judged_is_counted_and_cannot_win():
    samples = [{"id": "a", "sample": n} for n in (1, 2)]
    lines = (
        "Question&Answer Consistency: 1",
        "Code Exist: 1",
        "Code Correctness: 1",
        "Code Clarity: 1",
        "Code Comments: 1",
    )
    account = Account("judgements")
    found = list(collect_judgements(samples, {("a", 1): said("no idea"), ("a", 2): said("\n".join(lines))}, account))
    assert found[0]["scores"] is None and found[0]["reason"] == "unreadable"
    executions = {("a", n): {"executed": 1 if n == 1 else 0} for n in range(3)}
    best = list(select_best(DATASET[:1], {("a", r["sample"]): r for r in found}, executions, WEIGHTS, 2))
    assert best[0]["best_self"] == 2 and best[0]["score_point"] == [None, 1.0]


def test_both_orders_are_asked_where_wanted():
    assert comparison_orders("a", "both", 0) == [1, 2]


def test_the_coin_is_fair():
    heads = sum(comparison_orders(str(n), "coin", 0) == [1] for n in range(2000))
    assert 900 < heads < 1100


def test_a_and_b_are_put_back_to_self_and_original():
    assert read_comparison(verdict(0.9, 0.2, "A"), 1) == {"self": 0.9, "original": 0.2, "better": "self"}
    assert read_comparison(verdict(0.9, 0.2, "A"), 2) == {"original": 0.9, "self": 0.2, "better": "original"}
    assert read_comparison(verdict(0.5, 0.5, "tie"), 2)["better"] == "tie"


def test_ratings_of_both_orders_are_averaged_and_contradictions_seen():
    best = [{"id": "a", "score_point": [1.0], "score_exec": [1, 1], "best_self": 1}]
    answers = {("a", 1): said(verdict(0.9, 0.5, "B")), ("a", 2): said(verdict(0.8, 0.2, "A"))}
    account = Account("comparisons")
    found = list(collect_comparisons(best, answers, "both", 0, account))
    assert [contradicts(record) for record in found] == [True, False]
    ranked = next(rank(best, found))
    assert (ranked["score_self"], ranked["score_original"]) == (1 + (0.9 + 0.2) / 2, 1 + (0.5 + 0.8) / 2)
    assert ranked["winner"] == "original"


def critiques(rewrite, first="```python\nx = 2\n```", second=CODE):
    parts = ("x", f"Here:\n{first}", "Mend it.", f"Better:\n{second}")
    names = ("Round1_from_User", "Round1_from_Assistant", "Round2_from_User", "Round2_from_Assistant")
    text = "\n".join(f"{n}:\n{p}" for n, p in zip(names, parts, strict=True))
    account = Account("critiques")
    rankings = [{"id": "a", "winner": "original"}, {"id": "b", "winner": "self"}]
    lost = {"a": "```python\nx = 2\n```"}
    return list(collect_critiques(rankings, {"a": CODE}, lost, {("a", 1): said(text)}, rewrite, account)), account


def test_only_lost_comparisons_are_criticized_and_our_words_are_kept():
    found, account = critiques("original")
    assert [record["id"] for record in found] == ["a"] and account.taken == 1
    assert (found[0]["first_answer"], found[0]["second_answer"]) == ("```python\nx = 2\n```", CODE)
    assert found[0]["critique"] == "Mend it." and found[0]["code_unchanged"] == 1


def test_polished_wording_is_used_only_where_the_code_is_unchanged():
    assert critiques("polished")[0][0]["second_answer"] == f"Better:\n{CODE}"
    assert critiques("polished", first="x = 3")[0][0]["code_unchanged"] == 0
    changed = critiques("polished", second="```python\nx = 3\n```")[0][0]
    assert changed["code_unchanged"] == 0 and changed["second_answer"] == CODE
