"""Second tries with feedback: section 5.5 and appendix C of RefineCoder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from refinecoder.answers import suggestion
from refinecoder.batch import Answer, found_in
from refinecoder.kinds import NOT_RUN
from refinecoder.records import Record

EXECUTION, SUGGESTION = "execution", "suggestion"


def failures(outcomes: Iterable[Record], iterations: Sequence[int]) -> Iterator[Record]:
    """First answers that failed, of the models M_t with t in ``iterations``."""
    for outcome in outcomes:
        if (
            outcome["iteration"] in iterations
            and outcome["sample"] == 1
            and not outcome["passed"]
            and outcome["verdict"] != NOT_RUN
        ):
            yield outcome


def describe_execution(outcome: Record) -> str:
    """What came of running an answer, in one sentence."""
    if outcome["verdict"] == "no_code":
        return "There is no code in it."
    kind, _, message = (outcome["error"] or outcome["verdict"]).partition(": ")
    if kind == "AssertionError" and message:
        return f"{message}."
    end = ": ".join(filter(None, (outcome["verdict"], outcome["error"])))
    return f"The code ends with {end}."


def describe_all(outcome: Record, suggestions: Mapping[tuple[str, int], Answer]) -> dict[str, str]:
    """Feedback on a failure by its kind; no suggestion where the teacher gave none that can be used."""
    found = {EXECUTION: describe_execution(outcome)}
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
