"""Second tries with feedback (RefineCoder, section 5.5 and appendix C)."""

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
FIELDS = ("instruction", "code", "feedback")  # the fields of the template for the format `single`
_STATED_VALUE = re.compile(r"[) \t]*(?:#[ \t]*)?(?:==>|==|=>|->|➞|→|=|(?:should )?returns?\b)[ \t]*(.+)")
_ISCLOSE_VALUE = re.compile(r",[ \t]*(.+)")  # the second argument of math.isclose
_DOCTEST_VALUE = re.compile(r"[) \t]*\n[ \t]*(.+)")  # the line after a doctest's call
_LONGEST_CALL = 2000  # characters


class Case(NamedTuple):
    """A failing test case that an error message states: the call, and the value that it should return."""

    call: ast.Call
    wanted: ast.expr


def failures(outcomes: Iterable[Record], iterations: Sequence[int]) -> Iterator[Record]:
    """Yield the failed first answers of the models M_t with t in ``iterations``; skip those that were not executed."""
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
    """Read the case from a message ``f(args) gives X, not Y``; None if the message has another form or is truncated."""
    for gives in re.finditer(r" gives ", message):
        call = _expression(message[: gives.start()])
        if not isinstance(call, ast.Call):
            continue
        # X may be anything, and may contain ", not ". So Y is the shortest end of the message that is an expression.
        for found in reversed(list(re.finditer(r", not ", message[gives.end() :]))):
            wanted = _expression(message[gives.end() + found.end() :])
            if wanted is not None:
                return Case(call, wanted)
    return None


def _stated_values(name: str, prompt: str) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each call of a function whose value the prompt states, with this value."""
    for start in re.finditer(rf"(?<![\w.]){re.escape(name)} ?\(", prompt):
        line = prompt[: start.start()].rpartition("\n")[2]
        for end in re.finditer(r"\)", prompt[start.end() : start.end() + _LONGEST_CALL]):
            call = _expression(prompt[start.start() : start.end() + end.end()])
            if call is None:
                continue
            rest = prompt[start.end() + end.end() :]
            match = _STATED_VALUE.match(rest) or (_DOCTEST_VALUE.match(rest) if ">>>" in line else None)
            match = match or (_ISCLOSE_VALUE.match(rest) if line.endswith("isclose(") else None)
            value = _first_expression(match[1]) if match else None
            if value is not None:
                yield call, value
            break


def _first_expression(text: str) -> ast.expr | None:
    """Parse the longest start of a line, cut at a blank, that is an expression; a remark may follow it."""
    while text:
        found = _expression(text.rstrip(" .,;"))
        if found is not None:
            return found
        text = text.rpartition(" ")[0]
    return None


def _agree(stated: ast.expr, wanted: ast.expr) -> bool:
    """Whether a stated value equals the wanted one.

    Values that are no literals, such as ``set((4, 5))``, count as equal, except for a bare word, which is prose.
    """
    try:
        return bool(ast.literal_eval(stated) == ast.literal_eval(wanted))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return not isinstance(stated, ast.Name)


def in_examples(case: Case, prompt: str) -> bool:
    """Whether the prompt itself states the value of the case's call.

    The prompt may state it as an assert, as a doctest, or as ``f(x) -> y`` with any of ``->``, ``=``, ``=>`` and
    "returns".
    """
    wanted_call = ast.dump(case.call)
    stated = _stated_values(ast.unparse(case.call.func), prompt)
    return any(ast.dump(call) == wanted_call and _agree(value, case.wanted) for call, value in stated)


def describe_execution(outcome: Record, prompt: str = "", cases: str = HIDDEN) -> str:
    """Describe the execution of an answer in one sentence.

    ``cases``: with ``hidden`` the sentence may state any failing case, also one of a hidden test; with ``examples``
    only a case that the prompt states, and only the type of an exception, since its message may quote arguments.
    """
    if outcome["verdict"] == "no_code":
        return "There is no code in it."
    kind, _, message = (outcome["error"] or outcome["verdict"]).partition(": ")
    text = message if kind == "AssertionError" else outcome["error"] or ""
    case = read_case(text)
    if kind == "AssertionError" and message and cases == HIDDEN:
        return f"{message}."
    if case and (cases == HIDDEN or in_examples(case, prompt)):
        return f"{text}."
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
    """The feedback on a failed answer, by kind; without a suggestion if the teacher gave no usable one."""
    found = {EXECUTION_FEEDBACK: describe_execution(outcome, prompt, cases)}
    answer = found_in(suggestions, f"{outcome['iteration']}/{outcome['id']}")
    advice = suggestion.read(answer.text) if answer.text is not None else None
    if advice is not None:
        found[SUGGESTION] = advice
    return found


def second_turn(prompt: str, outcome: Record, feedback: str) -> list[dict[str, str]]:
    """Ask for a second answer in a conversation: the instruction, the first answer, the feedback."""
    return [
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": outcome["response"]},
        {"role": "user", "content": feedback},
    ]


def second_prompt(template: str, prompt: str, outcome: Record, feedback: str) -> list[dict[str, str]]:
    """Ask for a second answer in a new prompt (Figures 21 and 23).

    The prompt restates the code of the first answer, or the whole first answer if it has no code.
    """
    code = "\n".join(block.rstrip("\n") for block in fenced_blocks(outcome["response"])) or outcome["response"]
    return [{"role": "user", "content": fill_template(template, instruction=prompt, code=code, feedback=feedback)}]
