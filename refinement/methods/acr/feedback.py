"""Second tries with feedback: section 5.5 and appendix C of RefineCoder."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from refinement.answers.code import fenced_blocks
from refinement.completion.prompts import fill_template
from refinement.completion.requests import Answer, found_in
from refinement.methods.acr.answers import suggestion
from refinement.records.record_types import Record
from refinement.sandbox.record_types import NOT_RUN

EXECUTION_FEEDBACK, SUGGESTION = "execution", "suggestion"
FORMATS = TWO_TURN, SINGLE = ("two_turn", "single")
CASES = HIDDEN, EXAMPLES = ("hidden", "examples")
FIELDS = ("instruction", "code", "feedback")  # of the template of format single
_MEANS = re.compile(r"[) \t]*(?:#[ \t]*)?(?:==>|==|=>|->|➞|→|=|(?:should )?returns?\b)[ \t]*(.+)")
_CLOSE_TO = re.compile(r",[ \t]*(.+)")  # of math.isclose
_NEXT_LINE = re.compile(r"[) \t]*\n[ \t]*(.+)")  # of a doctest
_LONGEST_CALL = 2000


class Case(NamedTuple):
    """A failing case that an error tells: the call and the value that is wanted, as expressions."""

    call: ast.Call
    wanted: ast.expr


def failures(outcomes: Iterable[Record], iterations: Sequence[int]) -> Iterator[Record]:
    """First answers that failed, of the models M_t with t in ``iterations``; not those that were not run."""
    for outcome in outcomes:
        if (
            outcome["iteration"] in iterations
            and outcome["sample"] == 1
            and not outcome["passed"]
            and outcome["verdict"] != NOT_RUN
        ):
            yield outcome


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_case(message: str) -> Case | None:
    """The case of a message ``f(args) gives X, not Y``; None for any other, or one that was cut."""
    for gives in re.finditer(r" gives ", message):
        call = _expression(message[: gives.start()])
        if not isinstance(call, ast.Call):
            continue
        # X may be anything, and hold ", not " itself: the shortest end that is an expression is Y.
        for found in reversed(list(re.finditer(r", not ", message[gives.end() :]))):
            wanted = _expression(message[gives.end() + found.end() :])
            if wanted is not None:
                return Case(call, wanted)
    return None


def _stated(name: str, prompt: str) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Calls of a function whose value the prompt states, with that value."""
    for start in re.finditer(rf"(?<![\w.]){re.escape(name)} ?\(", prompt):
        line = prompt[: start.start()].rpartition("\n")[2]
        for end in re.finditer(r"\)", prompt[start.end() : start.end() + _LONGEST_CALL]):
            call = _expression(prompt[start.start() : start.end() + end.end()])
            if call is None:
                continue
            rest = prompt[start.end() + end.end() :]
            means = _MEANS.match(rest) or (_NEXT_LINE.match(rest) if ">>>" in line else None)
            means = means or (_CLOSE_TO.match(rest) if line.endswith("isclose(") else None)
            value = _first_expression(means[1]) if means else None
            if value is not None:
                yield call, value
            break


def _first_expression(text: str) -> ast.expr | None:
    """The longest beginning of a line, cut at blanks, that is an expression: a remark may follow a value."""
    while text:
        found = _expression(text.rstrip(" .,;"))
        if found is not None:
            return found
        text = text.rpartition(" ")[0]
    return None


def _agree(stated: ast.expr, wanted: ast.expr) -> bool:
    """Whether two values are the same, where both are literals; a word is prose, ``set((4, 5))`` is a value."""
    try:
        return bool(ast.literal_eval(stated) == ast.literal_eval(wanted))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return not isinstance(stated, ast.Name)


def in_examples(case: Case, prompt: str) -> bool:
    """Whether the prompt itself states the value of a case's call.

    It may be an assert, a doctest or ``f(x) -> y``; ``=``, ``=>`` and
    "returns" are read too.
    """
    asked = ast.dump(case.call)
    stated = _stated(ast.unparse(case.call.func), prompt)
    return any(ast.dump(call) == asked and _agree(value, case.wanted) for call, value in stated)


def describe_execution(outcome: Record, prompt: str = "", cases: str = HIDDEN) -> str:
    """What came of running an answer, in one sentence.

    ``cases``: ``hidden`` tells the failing case whatever test it is of;
    ``examples`` only one that the prompt states, and of an exception its type
    alone, since messages quote arguments.
    """
    if outcome["verdict"] == "no_code":
        return "There is no code in it."
    kind, _, message = (outcome["error"] or outcome["verdict"]).partition(": ")
    told = message if kind == "AssertionError" else outcome["error"] or ""
    case = read_case(told)
    if kind == "AssertionError" and message and cases == HIDDEN:
        return f"{message}."
    if case and (cases == HIDDEN or in_examples(case, prompt)):
        return f"{told}."
    if cases == HIDDEN:
        end = ": ".join(filter(None, (outcome["verdict"], outcome["error"])))
        return f"The code ends with {end}."
    if outcome["verdict"] == "failed":
        return "A test that is not shown fails."
    exception = kind if outcome["verdict"] == "error" and kind.isidentifier() else None
    return f"The code ends with {': '.join(filter(None, (outcome['verdict'], exception)))}."


def describe_all(
    outcome: Record, suggestions: Mapping[tuple[str, int], Answer], prompt: str = "", cases: str = HIDDEN
) -> dict[str, str]:
    """Feedback on a failure by its kind; no suggestion where the teacher gave none that can be used."""
    found = {EXECUTION_FEEDBACK: describe_execution(outcome, prompt, cases)}
    answer = found_in(suggestions, f"{outcome['iteration']}/{outcome['id']}")
    advice = suggestion.read(answer.text) if answer.text is not None else None
    if advice is not None:
        found[SUGGESTION] = advice
    return found


def second_turn(prompt: str, outcome: Record, feedback: str) -> list[dict[str, str]]:
    """The conversation that asks for a second answer: instruction, answer, feedback."""
    return [
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": outcome["response"]},
        {"role": "user", "content": feedback},
    ]


def second_prompt(template: str, prompt: str, outcome: Record, feedback: str) -> list[dict[str, str]]:
    """A fresh prompt that asks for a second answer (Figures 21 and 23): of the first, its code, where it has any."""
    code = "\n".join(block.rstrip("\n") for block in fenced_blocks(outcome["response"])) or outcome["response"]
    return [{"role": "user", "content": fill_template(template, instruction=prompt, code=code, feedback=feedback)}]
