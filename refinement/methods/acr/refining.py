"""The selective critiquing strategy (RefineCoder, section 3.3, equation 10)."""

from typing import Literal, NamedTuple

from refinement.records.record_types import Record


class Strategy(NamedTuple):
    """What becomes of a record when the self-generated answer wins, and when the original answer wins.

    The method itself is ("replace", "critique"). The other values serve ablations and controls: ``keep`` and
    ``single`` make the record (x, y0), ``drop`` removes it.
    """

    on_self_win: Literal["replace", "keep", "drop"] = "replace"
    on_original_win: Literal["critique", "single", "drop"] = "critique"


def current_answer(record: Record) -> str:
    """y0 of a record of D_t: the final answer of its conversation, after one round or two."""
    return record["messages"][-1]["content"]


def single_turn(record: Record, answer: str, reason: str, origin: str | int) -> Record:
    """Make the training record (x, y) with one round."""
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
    """Make the training record (x, y_l, c, y_w) with two rounds; y_w is the record's current answer."""
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
    """Refine a record of D_t to a record of D_{t+1} (equation 10); None if the strategy drops it.

    ``best_answer``: y_self, if there is one; ``critique``: the critic's record, if the critic was asked;
    ``iteration``: t. After a tie, without a judgement and without a critique the new record is (x, y0), and its
    ``reason`` says which of these it was.
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
