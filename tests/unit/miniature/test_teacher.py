"""The scripted teacher, judge and critic: stateless readers of text."""

import random

import pytest

from refinement.completion.prompts import fill_template, load_template
from refinement.methods.acr.answers import comparison, concepts, critique, evolution, judgement
from refinement.miniature.lists import critic, judge, teacher
from refinement.miniature.lists.grammar import CALL, OPERATIONS, instruct, read_instruction, write_code
from refinement.miniature.lists.mistakes import Mistakes
from refinement.miniature.lists.reading import read_response
from refinement.miniature.lists.tasks import draw_meaningful, draw_wording, is_meaningful
from refinement.records.randomness import keyed

STRATEGIES = (
    "addition", "breadth", "complexity", "concretizing", "deepening", "diversion", "increase", "misdirection", "reasoning",
)  # fmt: skip
OPTIONS = {"noise": 0.5, "flip_rate": 0.1, "seed": 1}


def fence(code):
    return f"```python\n{code}\n{CALL}\n```"


def task(key, depth=2):
    generator = keyed("teacher test", key)
    return draw_wording(generator, draw_meaningful(generator, depth))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_shipped_strategy_is_recognized_and_evolves(strategy):
    template = load_template(f"prompts/acr/evolution/{strategy}.txt", "instruction")
    changed = 0
    for number in range(20):
        wording = task(number)
        request = fill_template(template, instruction=instruct(wording))
        assert teacher.recognize_strategy(request) == strategy
        new = evolution.read(teacher.reply(request, (number,), {}))
        found = read_instruction(new)
        assert found is not None and is_meaningful(found.specification)
        changed += new != instruct(wording)
        assert abs(found.specification.depth - wording.specification.depth) <= 1
    assert changed >= 10 or strategy == "misdirection"


def test_concepts_come_from_the_snippet_and_steer_the_instruction():
    template = load_template("prompts/acr/concepts.txt", "snippet")
    sorting = "def f(xs):\n    '''Sort.'''\n    return sorted(xs, reverse=True)"
    idea = concepts.read(teacher.reply(fill_template(template, snippet=sorting), (1,), {}))
    assert idea.concepts == ["sorting"]
    found = [
        concepts.read(teacher.reply(fill_template(template, snippet=sorting), (n,), {})).instruction for n in range(60)
    ]
    share = sum("order" in text for text in found) / len(found)
    assert share > 0.4, "most instructions inspired by sorting should sort"


def test_an_unreadable_snippet_is_not_answered_in_format():
    template = load_template("prompts/acr/concepts.txt", "snippet")
    assert concepts.read(teacher.reply(fill_template(template, snippet="def ("), (1,), {})) is None


def test_answers_are_wrong_as_often_as_the_settings_say():
    wordings = [task(number, depth=1 + number % 3) for number in range(600)]
    answers = [
        teacher.answer(instruct(w), Mistakes(errors="independent", syntax_rate=0.0), (n,))
        for n, w in enumerate(wordings)
    ]
    right = sum(read_response(instruct(w), a).right for w, a in zip(wordings, answers, strict=True)) / len(wordings)
    expected = sum(0.91 ** (w.specification.depth + 1) for w in wordings) / len(wordings)
    assert abs(right - expected) < 0.06


def test_concept_errors_belong_to_a_phrase():
    mistakes = Mistakes(seed=3)
    assert mistakes.rate("sort", 0) == mistakes.rate("sort", 0) != mistakes.rate("sort", 1)
    assert mistakes.bug("sort", 0) == mistakes.bug("sort", 0)


def test_teachers_of_two_seeds_misunderstand_different_phrases_equally_often():
    pairs = [(name, index) for name, operation in OPERATIONS.items() for index in range(len(operation.phrases))]
    one, two = ([Mistakes(0.4, 1.8, seed=seed).rate(*pair) for pair in pairs] for seed in (1, 2))
    assert one != two
    assert sorted(one) == sorted(two)
    assert abs(sum(one) / len(one) - 0.4 / 2.2) < 0.01
    above = sum(rate > 0.5 for rate in one) / len(one)
    drawn = [random.Random(n).betavariate(0.4, 1.8) > 0.5 for n in range(4000)]
    assert abs(above - sum(drawn) / len(drawn)) < 0.03


def test_an_unknown_instruction_gets_no_code():
    assert "```" not in teacher.answer("Write a web server.", Mistakes(), ())


def _point(wording, response, key=()):
    template = load_template("prompts/acr/judge_point.txt", "instruction", "response")
    prompt = fill_template(template, instruction=instruct(wording), response=response)
    return judgement.read(judge.reply(prompt, key, OPTIONS))


def test_the_judge_prefers_right_code_and_errs_as_often_as_set():
    flips = 0
    for number in range(400):
        wording = task(number)
        scores = _point(wording, fence(write_code(wording.specification)))
        flips += scores["correctness"] < 6
    assert 0.05 < flips / 400 < 0.16


def test_the_judges_noise_is_a_function_of_task_and_response():
    wording = task(1)
    response = fence(write_code(wording.specification))
    assert _point(wording, response) == _point(wording, response)
    assert _point(wording, response) != _point(wording, response + "\n")
    assert _point(wording, response, key=(1,)) != _point(wording, response, key=(2,))


def test_the_order_of_a_pair_does_not_change_the_judgement():
    template = load_template("prompts/acr/judge_pair.txt", "instruction", "response_a", "response_b")
    wording = task(5)
    right, wrong = fence(write_code(wording.specification)), fence("def solve(xs):\n    return 10 ** 6")

    def rate(a, b):
        prompt = fill_template(template, instruction=instruct(wording), response_a=a, response_b=b)
        return comparison.read(judge.reply(prompt, (), OPTIONS))

    one, two = rate(right, wrong), rate(wrong, right)
    assert (one.rating_a, one.rating_b) == (two.rating_b, two.rating_a)


def test_the_critic_names_the_symptom_and_the_step():
    template = load_template("prompts/acr/critic.txt", "instruction", "response_1", "response_2")
    wording = task(7)
    lost = fence("def solve(xs):\n    xs = xs\n    return 10 ** 6")
    won = fence(write_code(wording.specification))
    prompt = fill_template(template, instruction=instruct(wording), response_1=lost, response_2=won)
    parts = critique.read(critic.reply(prompt, (), {}))
    assert parts["Round1_from_User"] == instruct(wording)
    assert (parts["Round1_from_Assistant"], parts["Round2_from_Assistant"]) == (lost, won)
    assert "gives 1000000, not" in parts["Round2_from_User"] and "Mend this step" in parts["Round2_from_User"]


@pytest.mark.parametrize("module", [judge, critic])
def test_an_invalid_request_gets_an_invalid_answer(module):
    text = module.reply("Hello?", (), OPTIONS)
    assert judgement.read(text) is comparison.read(text) is critique.read(text) is None


def test_the_judge_never_runs_code(tmp_path):
    trap = tmp_path / "trap"
    response = fence(f"open({str(trap)!r}, 'w')\ndef solve(xs):\n    open({str(trap)!r}, 'w')\n    return 0")
    assert not read_response(instruct(task(1)), response).right
    assert not trap.exists()
