"""Reading structured answers: strict, with one forgiving pass."""

import pytest

from refinecoder.answers import comparison, concepts, critique, evolution, judgement
from refinecoder.answers.code import extract_code

JUDGED = """<<<OUTPUT>>>
Explanation: fine
Question&Answer Consistency: [[8]]
Code Exist: [[10]]
Code Correctness: [[7.5]]
Code Clarity: [[9]]
Code Comments: [[0]]
<<</OUTPUT>>>"""
SCORES = {"consistency": 8, "code_exist": 10, "correctness": 7.5, "clarity": 9, "comments": 0}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("<<<OUTPUT>>>", "Sure!\n<<<OUTPUT>>>") + "\nAnything else?",
        lambda text: text.replace("Code Clarity: [[9]]", "**Code Clarity**: [[ 9 ]]"),
        lambda text: text.replace("[[8]]", "[[8/10]]"),
        lambda text: text.replace("Code Exist:", "2. Code Exist :"),
        lambda text: text.replace("<<<OUTPUT>>>\n", "").replace("<<</OUTPUT>>>", ""),
        lambda text: text.replace("[[", "[").replace("]]", "]"),
        lambda text: text.replace("Question&Answer", "Question & Answer"),
    ],
)
def test_a_judgement_survives_small_deviations(change):
    assert judgement.read(change(JUDGED)) == SCORES


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Code Clarity: [[9]]\n", ""),
        lambda text: text.replace("[[8]]", "[[11]]"),
        lambda text: text.replace("[[8]]", "[[good]]"),
        lambda text: text.replace("Code Exist: [[10]]", "Code Exist: [[10]]\nCode Exist: [[9]]"),
        lambda text: "",
    ],
)
def test_a_judgement_with_a_part_missing_is_none(change):
    assert judgement.read(change(JUDGED)) is None


def test_a_comparison():
    text = "<<<OUTPUT>>>\nExplanation: -\nRating A: [[0.9]]\nRating B: [[0.25]]\nBetter: [[A]]\n<<</OUTPUT>>>"
    assert comparison.read(text) == (0.9, 0.25, "A")
    assert comparison.read(text.replace("[[A]]", "[[Tie]]")).better == "tie"
    assert comparison.read(text.replace("0.9", "1.9")) is None
    assert comparison.read(text.replace("Better: [[A]]", "")) is None


def test_a_critique():
    parts = ["x\nmore", "```python\na\n```", "It fails.", "```python\nb\n```"]
    text = (
        "<<<OUTPUT>>>\n"
        + "\n".join(f"{n}:\n{p}" for n, p in zip(critique.PARTS, parts, strict=True))
        + "\n<<</OUTPUT>>>"
    )
    assert list(critique.read(text).values()) == parts
    assert critique.read(text.replace("Round2_from_User", "**Round2_from_User**")) is not None
    assert critique.read(text.replace("It fails.", "")) is None
    assert critique.read(text.replace("Round2_from_User", "Round2")) is None


def test_an_idea_and_an_evolution():
    idea = concepts.read("[Concepts]\nloops, sorting\n[Instruction]\nSort it.\nWell.")
    assert idea == (["loops", "sorting"], "Sort it.\nWell.")
    assert concepts.read("[Concepts]\n[Instruction]\nSort it.") is None
    assert evolution.read("#Created Prompt#:\nSort it.") == "Sort it."
    assert evolution.read("  ") is None


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("```python\na = 1\n```", "a = 1\n"),
        ("Look:\n```python\na = 1\n```\nand\n```\nb = 2\n```\n", "a = 1\nb = 2\n"),
        ("```bash\nls\n```\n```py\na = 1\n```", "a = 1\n"),
        ("a = 1", "a = 1"),
        ("```python\na = 1", "a = 1\n"),
        ("This is prose.", None),
        ("", None),
        ("```bash\nls\n```", None),
        ("```python\n```", None),
    ],
)
def test_the_code_of_a_response(response, code):
    assert extract_code(response) == code
