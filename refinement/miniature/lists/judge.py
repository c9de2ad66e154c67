"""The scripted judge: point-wise scores and pair-wise ratings, with noise.

The noise is a function of the task and the response, like that of a model at
temperature 0. With another ``key`` (a repeated request at a higher temperature) the
verdict may change.
"""

import random
import re
from collections.abc import Mapping, Sequence

from refinement.miniature.lists.reading import Reading, read_response
from refinement.records.randomness import keyed

_QUESTION = re.compile(r"\[QUESTION\]\n(.*?)\n\n\[The start of", re.DOTALL)
_RESPONSES = re.compile(
    r"\[The start of (?:Assistant [AB]'s )?RESPONSE\]\n(.*?)\n\[The end of (?:Assistant [AB]'s )?RESPONSE\]", re.DOTALL
)


def _seems_right(reading: Reading, flip_rate: float, generator: random.Random) -> bool:
    return reading.right != (generator.random() < flip_rate)


def _points(reading: Reading, options: Mapping[str, float], generator: random.Random) -> list[float]:
    right = _seems_right(reading, options["flip_rate"], generator)
    levels = [
        9 if right else 4,
        10 if reading.code else 1,
        9 if right else 3,
        8 if reading.parses else 4,
        8 if "#" in (reading.code or "") else 4,
    ]
    noisy = [level + generator.gauss(0, options["noise"]) for level in levels]
    return [round(min(max(score, 0), 10), 1) for score in noisy]


def _rating(reading: Reading, options: Mapping[str, float], generator: random.Random) -> float:
    right = _seems_right(reading, options["flip_rate"], generator)
    level = (0.8 if right else 0.3) + (0.05 if "#" in (reading.code or "") else 0)
    return round(min(max(level + generator.gauss(0, options["noise"] / 10), 0), 1), 2)


def judge_point(question: str, response: str, options: Mapping[str, float], key: Sequence[object]) -> str:
    """The five scores of one response, in the requested output format (RefineCoder, Figure 8)."""
    reading = read_response(question, response)
    scores = _points(reading, options, keyed("point", options["seed"], question, response, *key))
    names = ("Question&Answer Consistency", "Code Exist", "Code Correctness", "Code Clarity", "Code Comments")
    lines = [f"{name}: [[{score:g}]]" for name, score in zip(names, scores, strict=True)]
    return "\n".join(["<<<OUTPUT>>>", "Explanation: read line by line.", *lines, "<<</OUTPUT>>>"])


def judge_pair(question: str, responses: Sequence[str], options: Mapping[str, float], key: Sequence[object]) -> str:
    """The ratings of two responses and a verdict, in the requested output format (RefineCoder, Figure 9)."""
    a, b = (
        _rating(read_response(question, response), options, keyed("pair", options["seed"], question, response, *key))
        for response in responses
    )
    better = "tie" if a == b else "A" if a > b else "B"
    lines = [
        "Explanation: compared line by line.",
        f"Rating A: [[{a:g}]]",
        f"Rating B: [[{b:g}]]",
        f"Better: [[{better}]]",
    ]
    return "\n".join(["<<<OUTPUT>>>", *lines, "<<</OUTPUT>>>"])


def reply(text: str, key: Sequence[object], options: Mapping[str, float]) -> str:
    """The judge's answer to a request: point-wise if it shows one response, pair-wise if it shows two."""
    question, responses = _QUESTION.findall(text), _RESPONSES.findall(text)
    if len(question) == 1 and len(responses) == 1:
        return judge_point(question[0], responses[0], options, key)
    if len(question) == 1 and len(responses) == 2:
        return judge_pair(question[0], responses, options, key)
    return "I see no question with one response or two."
