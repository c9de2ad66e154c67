"""The selective critiquing strategy: equation 10 of RefineCoder, section 3.3."""

from typing import Literal, NamedTuple

from refinement.records.record_types import Record


class Strategy(NamedTuple):
    """What becomes of a record by its winner.

    The method is ("replace", "critique"); the others are readings of the
    paper's ablations and controls. ``keep`` and ``single`` make (x, y0).
    """

    on_self_win: Literal["replace", "keep", "drop"] = "replace"
    on_original_win: Literal["critique", "single", "drop"] = "critique"


def current_answer(record: Record) -> str:
    """y0 of a record of D_t: its final answer, whatever turns precede it."""
    return record["messages"][-1]["content"]


def single_turn(record: Record, answer: str, reason: str, origin: str | int) -> Record:
    """(x, y)."""
    messages = [
        {"role": "user", "content": record["instruction"]},
        {"role": "assistant", "content": answer},
    ]
    return {
        "id": record["id"],
        "instruction": record["instruction"],
        "messages": messages,
        "kind": "single",
        "reason": reason,
        "origin": origin,
    }


def two_turns(record: Record, critique: Record) -> Record:
    """(x, y_l, c, y_w), with y_w the record's current answer."""
    first = single_turn(record, critique["first_answer"], "original", record["origin"])
    rest = [
        {"role": "user", "content": critique["critique"]},
        {"role": "assistant", "content": critique["second_answer"]},
    ]
    return {**first, "messages": first["messages"] + rest, "kind": "critique"}


def refine(
    record: Record,
    ranking: Record,
    best_answer: str | None,
    critique: Record | None,
    iteration: int,
    strategy: Strategy,
) -> Record | None:
    """The record of D_{t+1} that follows one of D_t, or None if it is dropped.

    ``best_answer``: y_self, where there is one; ``critique``: what the critic
    made of it, where it was asked; ``iteration``: t, whose model wrote
    ``best_answer``. Ties, missing judgements and missing critiques keep
    (x, y0) and say why.
    """
    winner = ranking["winner"]
    keep = current_answer(record), record["origin"]
    if winner == "self":
        if strategy.on_self_win == "drop":
            return None
        if strategy.on_self_win == "replace" and best_answer is not None:
            return single_turn(record, best_answer, "self", iteration)
        return single_turn(record, keep[0], "kept", keep[1])
    if winner == "original":
        if strategy.on_original_win == "drop":
            return None
        if strategy.on_original_win == "single":
            return single_turn(record, keep[0], "kept", keep[1])
        if critique is None or critique["critique"] is None:
            return single_turn(record, keep[0], "critique_missing", keep[1])
        return two_turns(record, critique)
    return single_turn(record, keep[0], winner, keep[1])
