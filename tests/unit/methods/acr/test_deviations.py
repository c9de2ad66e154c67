"""Answers as models really write them: read where they can only mean one thing, refused where they could mean two."""

import pytest

from refinement.methods.acr.answers import comparison, concepts, critique, evolution, judgement, suggestion

JUDGED = """<<<OUTPUT>>>
Explanation: The answer sorts the list and handles the empty case.
Question&Answer Consistency: [[8]]
Code Exist: [[10]]
Code Correctness: [[7.5]]
Code Clarity: [[9]]
Code Comments: [[0]]
<<</OUTPUT>>>"""
SCORES = {"consistency": 8, "code_exist": 10, "correctness": 7.5, "clarity": 9, "comments": 0}
LABELS = ("Question&Answer Consistency", "Code Exist", "Code Correctness", "Code Clarity", "Code Comments")


def each_label(form):
    """The judgement with every line of scores in another form."""
    text = JUDGED
    for label in LABELS:
        line = next(line for line in text.splitlines() if line.startswith(label))
        text = text.replace(line, form(label, line.partition("[[")[2].rstrip("]")))
    return text


READ_JUDGEMENTS = {
    "as asked": JUDGED,
    "chatter around": f"Sure! Here is my judgement.\n\n{JUDGED}\n\nLet me know if you need anything else.",
    "no markers": JUDGED.replace("<<<OUTPUT>>>\n", "").replace("\n<<</OUTPUT>>>", ""),
    "no end marker": JUDGED.replace("\n<<</OUTPUT>>>", ""),
    "two angle brackets": JUDGED.replace("<<<", "<<").replace(">>>", ">>"),
    "spaces in markers": JUDGED.replace("<<<OUTPUT>>>", "<<< OUTPUT >>>"),
    "markers in lower case": JUDGED.replace("OUTPUT", "output"),
    "windows line ends": JUDGED.replace("\n", "\r\n"),
    "a code fence around": f"```\n{JUDGED}\n```",
    "the format first, then the answer": "I will answer in <<<OUTPUT>>> as asked.\n" + JUDGED,
    "bold labels": each_label(lambda label, score: f"**{label}**: [[{score}]]"),
    "bold labels with the colon": each_label(lambda label, score: f"**{label}:** [[{score}]]"),
    "bold scores": each_label(lambda label, score: f"{label}: **[[{score}]]**"),
    "bold lines": each_label(lambda label, score: f"**{label}: [[{score}]]**"),
    "underlined": each_label(lambda label, score: f"__{label}__: [[{score}]]"),
    "headings": each_label(lambda label, score: f"### {label}: [[{score}]]"),
    "bullets": each_label(lambda label, score: f"- {label}: [[{score}]]"),
    "stars": each_label(lambda label, score: f"* {label}: [[{score}]]"),
    "numbers": each_label(lambda label, score: f"3. {label}: [[{score}]]"),
    "numbers in parentheses": each_label(lambda label, score: f"3) {label}: [[{score}]]"),
    "indented": each_label(lambda label, score: f"    {label}: [[{score}]]"),
    "quoted": each_label(lambda label, score: f"> {label}: [[{score}]]"),
    "a table": each_label(lambda label, score: f"| {label} | {score} |"),
    "single brackets": each_label(lambda label, score: f"{label}: [{score}]"),
    "no brackets": each_label(lambda label, score: f"{label}: {score}"),
    "no brackets, full stop": each_label(lambda label, score: f"{label}: {score}."),
    "spaces in brackets": each_label(lambda label, score: f"{label}: [[ {score} ]]"),
    "no space": each_label(lambda label, score: f"{label}:[[{score}]]"),
    "space before the colon": each_label(lambda label, score: f"{label} : [[{score}]]"),
    "an equals sign": each_label(lambda label, score: f"{label} = [[{score}]]"),
    "out of ten inside": each_label(lambda label, score: f"{label}: [[{score}/10]]"),
    "out of ten outside": each_label(lambda label, score: f"{label}: [[{score}]]/10"),
    "out of ten, spaced": each_label(lambda label, score: f"{label}: {score} / 10"),
    "out of ten in words": each_label(lambda label, score: f"{label}: {score} out of 10"),
    "a remark after brackets": each_label(lambda label, score: f"{label}: [[{score}]] the loop is clear"),
    "a remark after a dash": each_label(lambda label, score: f"{label}: {score}/10 - the loop is clear"),
    "a remark in parentheses": each_label(lambda label, score: f"{label}: {score} (the loop is clear)"),
    "a remark after a comma": each_label(lambda label, score: f"{label}: {score}, for the loop"),
    "lower case": each_label(lambda label, score: f"{label.lower()}: [[{score}]]"),
    "the ampersand in words": JUDGED.replace("Question&Answer", "Question and Answer"),
    "the ampersand spaced": JUDGED.replace("Question&Answer", "Question & Answer"),
    "the ampersand cut short": JUDGED.replace("Question&Answer", "Q&A"),
    "the ampersand a slash": JUDGED.replace("Question&Answer", "Question/Answer"),
    "exists": JUDGED.replace("Code Exist", "Code Exists"),
    "existence": JUDGED.replace("Code Exist", "Code Existence"),
    "one comment": JUDGED.replace("Code Comments", "Code Comment"),
    "another order": "\n".join([*reversed(JUDGED.splitlines()[1:-1])]),
    "the explanation last": "\n".join([*JUDGED.splitlines()[2:-1], "Explanation: Code Clarity suffers from names."]),
    "blank lines between": JUDGED.replace("\n", "\n\n"),
    "decimals": JUDGED.replace("[[8]]", "[[8.0]]"),
    "thinking aloud, scores and all": f"Code Clarity: [[3]]? No, better.\n{JUDGED}",
}
REFUSED_JUDGEMENTS = {
    "nothing": "",
    "a refusal": "I'm sorry, but I can't judge this response.",
    "the format sent back": each_label(lambda label, score: f"{label}: [[0-10]]"),
    "the format sent back without brackets": each_label(lambda label, score: f"{label}: 0-10"),
    "one missing": JUDGED.replace("Code Clarity: [[9]]\n", ""),
    "one twice": JUDGED.replace("Code Clarity: [[9]]", "Code Clarity: [[9]]\nCode Clarity: [[4]]"),
    "above the scale": JUDGED.replace("[[8]]", "[[11]]"),
    "below the scale": JUDGED.replace("[[8]]", "[[-1]]"),
    "a word": JUDGED.replace("[[8]]", "[[high]]"),
    "two numbers": JUDGED.replace("[[8]]", "[[7 or 8]]"),
    "a range": JUDGED.replace("[[8]]", "[[7-8]]"),
    "a bracket left open": JUDGED.replace("[[8]]", "[[8"),
    "another scale": JUDGED.replace("[[8]]", "[[80/100]]"),
    "another scale outside": JUDGED.replace("[[8]]", "8/100"),
    "a percentage": JUDGED.replace("[[8]]", "80%"),
    "cut off": JUDGED[: JUDGED.index("Code Clarity")],
    "not on a line of its own": JUDGED.replace("Code Clarity: [[9]]", "I would say Code Clarity: [[9]]"),
}


@pytest.mark.parametrize("name", READ_JUDGEMENTS)
def test_judgements_that_are_read(name):
    assert judgement.read(READ_JUDGEMENTS[name]) == SCORES


@pytest.mark.parametrize("name", REFUSED_JUDGEMENTS)
def test_judgements_that_are_refused(name):
    assert judgement.read(REFUSED_JUDGEMENTS[name]) is None


COMPARED = (
    "<<<OUTPUT>>>\nExplanation: B misses a case.\nRating A: [[0.9]]\nRating B: [[0.25]]\nBetter: [[A]]\n<<</OUTPUT>>>"
)
READ_COMPARISONS = {
    "as asked": COMPARED,
    "bold": COMPARED.replace("Rating A", "**Rating A**").replace("Better", "**Better**"),
    "no brackets": COMPARED.replace("[[", "").replace("]]", ""),
    "out of one": COMPARED.replace("[[0.9]]", "0.9/1").replace("[[0.25]]", "[[0.25]] / 1.0"),
    "no leading zero": COMPARED.replace("0.9", ".9"),
    "the assistant's name": COMPARED.replace("[[A]]", "[[Assistant A]]"),
    "the response's name": COMPARED.replace("[[A]]", "Response A"),
    "ratings of assistants": COMPARED.replace("Rating A", "Rating of Assistant A"),
    "the better one": COMPARED.replace("Better:", "Better response:"),
    "a reason behind": COMPARED.replace("[[A]]", "[[A]] because it handles the empty list"),
    "a reason behind, no brackets": COMPARED.replace("[[A]]", "A, because it handles the empty list"),
    "lower case": COMPARED.replace("[[A]]", "[[a]]"),
    "verdict first": "Better: [[A]]\nRating B: [[0.25]]\nRating A: [[0.9]]",
}
REFUSED_COMPARISONS = {
    "the format sent back": COMPARED.replace("0.9", "0-1").replace("[[A]]", "[[A or B or tie]]"),
    "both": COMPARED.replace("[[A]]", "[[A or B]]"),
    "out of ten": COMPARED.replace("0.9", "9"),
    "a percentage": COMPARED.replace("[[0.9]]", "90%"),
    "no verdict": COMPARED.replace("Better: [[A]]\n", ""),
    "two verdicts": COMPARED.replace("Better: [[A]]", "Better: [[A]]\nBetter: [[B]]"),
    "a third": COMPARED.replace("[[A]]", "[[C]]"),
    "a word that begins so": COMPARED.replace("[[A]]", "Both"),
}


@pytest.mark.parametrize("name", READ_COMPARISONS)
def test_comparisons_that_are_read(name):
    assert comparison.read(READ_COMPARISONS[name]) == (0.9, 0.25, "A")


@pytest.mark.parametrize("name", REFUSED_COMPARISONS)
def test_comparisons_that_are_refused(name):
    assert comparison.read(REFUSED_COMPARISONS[name]) is None


@pytest.mark.parametrize("tie", ["tie", "Tie", "TIE", "equal"])
def test_a_tie(tie):
    assert comparison.read(COMPARED.replace("[[A]]", f"[[{tie}]]")).better == "tie"


TURNS = ("Sort it.", "```python\na = 1\n```\nDone.", "I ran it:\n1. it fails\n2. for []", "```python\nb = 2\n```")
CRITICIZED = (
    "<<<OUTPUT>>>\n" + "\n".join(f"{n}:\n{t}" for n, t in zip(critique.PARTS, TURNS, strict=True)) + "\n<<</OUTPUT>>>"
)
READ_CRITIQUES = {
    "as asked": CRITICIZED,
    "on one line": CRITICIZED.replace("User:\n", "User: ").replace("Assistant:\n", "Assistant: "),
    "bold": CRITICIZED.replace("Round2_from_User:", "**Round2_from_User:**"),
    "bold before the colon": CRITICIZED.replace("Round2_from_User:", "**Round2_from_User**:"),
    "headings": CRITICIZED.replace("Round", "### Round"),
    "numbered": CRITICIZED.replace("Round1_from_User", "1. Round1_from_User"),
    "bulleted": CRITICIZED.replace("Round", "- Round"),
    "brackets": CRITICIZED.replace("Round2_from_User:", "[Round2_from_User]:"),
    "spaces for underscores": CRITICIZED.replace("_from_", " from "),
    "a space before the number": CRITICIZED.replace("Round1", "Round 1").replace("Round2", "Round 2"),
    "lower case": CRITICIZED.replace("from_User", "from_user"),
    "blank lines": CRITICIZED.replace("Round", "\n\nRound"),
    "no markers": CRITICIZED.replace("<<<OUTPUT>>>\n", "").replace("\n<<</OUTPUT>>>", ""),
    "chatter": f"Here is the conversation:\n{CRITICIZED}\nI hope it helps.",
}
REFUSED_CRITIQUES = {
    "a part missing": CRITICIZED.replace("Round2_from_User:", ""),
    "a part empty": CRITICIZED.replace(TURNS[2], "  "),
    "a part twice": CRITICIZED.replace("Round2_from_User:", "Round2_from_User:\nx\nRound2_from_User:"),
    "another order": CRITICIZED.replace("Round1_from_User", "Round2_from_Assistant", 1),
    "a third round": CRITICIZED.replace("Round2_from_User", "Round3_from_User"),
    "cut off": CRITICIZED[: CRITICIZED.index("Round2_from_Assistant")],
}


@pytest.mark.parametrize("name", READ_CRITIQUES)
def test_critiques_that_are_read(name):
    assert tuple(critique.read(READ_CRITIQUES[name]).values()) == TURNS


@pytest.mark.parametrize("name", REFUSED_CRITIQUES)
def test_critiques_that_are_refused(name):
    assert critique.read(REFUSED_CRITIQUES[name]) is None


@pytest.mark.parametrize(
    "text",
    [
        "[Concepts]\nloops, sorting\n[Instruction]\nSort it.",
        "[Concepts]: loops, sorting\n\n[Instruction]: Sort it.",
        "[Concepts] loops, sorting\n[Instruction] Sort it.",
        "**[Concepts]**\nloops, sorting\n**[Instruction]**\nSort it.",
        "### [Concepts]\n- loops\n- sorting\n\n### [Instruction]\nSort it.\n",
        "[Concepts]\n1. loops\n2. sorting\n[Instruction]\nSort it.",
        "**Concepts:** loops; sorting.\n**Instruction:** Sort it.",
        "Sure.\n\n[CONCEPTS]\n`loops`, `sorting`\n[INSTRUCTION]\nSort it.",
    ],
)
def test_ideas_that_are_read(text):
    assert concepts.read(text) == (["loops", "sorting"], "Sort it.")


@pytest.mark.parametrize(
    "text",
    [
        "[Concepts]\nloops",
        "[Instruction]\nSort it.",
        "[Concepts]\n\n[Instruction]\nSort it.",
        "[Concepts]\nx\n[Instruction]\n",
    ],
)
def test_ideas_that_are_refused(text):
    assert concepts.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Sort it.",
        "#Created Prompt#:\nSort it.",
        "#Rewritten Prompt#: Sort it.",
        "**#Rewritten Prompt#**:\nSort it.",
        "### Created Prompt:\nSort it.",
        "Sure! Here is the new version:\n\nSort it.",
        "Here's a harder question:\nSort it.",
        "Certainly!\n#Created Prompt#:\nSort it.\n",
    ],
)
def test_evolved_instructions_without_their_wrapping(text):
    assert evolution.read(text) == "Sort it."


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("Check the empty list first. Then return early.", True),
        ("Use a set, e.g. for lookups, i.e. not a list. Compare with 3.5 instead! Why not?", True),
        ("1. Check the list.\n2. Return early.\n3. Sort it.", True),
        ("One... Two. Three.", True),
        ("One. Two. Three. Four.", False),
        ("Do this:\n```python\nx = 1\n```", False),
        ("", False),
    ],
)
def test_suggestions(text, is_read):
    assert (suggestion.read(text) is not None) == is_read
