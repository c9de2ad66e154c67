"""Equation 10 and its readings: what becomes of a record by its winner."""

from hypothesis import given
from hypothesis import strategies as st

from refinement.methods.acr.refining import Strategy, current_answer, refine, single_turn

CRITIQUE = {"critique": "Mend it.", "first_answer": "y_self", "second_answer": "y0"}
record = single_turn({"id": "a", "instruction": "x"}, "y0", "initial", "teacher")


def outcome(winner, critique=CRITIQUE, strategy=Strategy(), given=record):
    return refine(given, {"winner": winner}, "y_self", critique, 2, strategy)


def contents(made):
    return [message["content"] for message in made["messages"]]


def test_a_win_of_self_replaces_the_answer():
    made = outcome("self")
    assert contents(made) == ["x", "y_self"]
    assert (made["kind"], made["reason"], made["origin"]) == ("single", "self", 2)


def test_a_win_of_the_original_makes_two_turns():
    made = outcome("original")
    assert contents(made) == ["x", "y_self", "Mend it.", "y0"]
    assert [m["role"] for m in made["messages"]] == ["user", "assistant", "user", "assistant"]
    assert (made["kind"], made["origin"]) == ("critique", "teacher")


def test_two_turns_enter_the_next_iteration_as_instruction_and_final_answer():
    second = outcome("tie", given=outcome("original"))
    assert contents(second) == ["x", "y0"] and second["origin"] == "teacher"


def test_ties_and_what_is_missing_keep_the_answer_and_say_why():
    assert (contents(outcome("tie")), outcome("tie")["reason"]) == (["x", "y0"], "tie")
    assert outcome("unjudged")["reason"] == "unjudged"
    assert outcome("original", critique=None)["reason"] == "critique_missing"
    assert contents(outcome("original", critique={**CRITIQUE, "critique": None})) == ["x", "y0"]


def test_the_readings_of_the_ablations():
    assert contents(outcome("self", strategy=Strategy(on_self_win="keep"))) == ["x", "y0"]
    assert outcome("self", strategy=Strategy(on_self_win="drop")) is None
    assert contents(outcome("original", strategy=Strategy(on_original_win="single"))) == ["x", "y0"]
    assert outcome("original", strategy=Strategy(on_original_win="drop")) is None


@given(
    st.sampled_from(["self", "original", "tie", "unjudged"]),
    st.sampled_from([None, CRITIQUE]),
    st.builds(
        Strategy,
        st.sampled_from(["replace", "keep", "drop"]),
        st.sampled_from(["critique", "single", "drop"]),
    ),
)
def test_whatever_happens_the_final_answer_is_the_winners_or_the_record_is_dropped(winner, critique, strategy):
    made = outcome(winner, critique, strategy)
    if made is None:
        assert "drop" in strategy
        return
    expected = "y_self" if winner == "self" and strategy.on_self_win == "replace" else "y0"
    assert current_answer(made) == expected
    assert made["instruction"] == made["messages"][0]["content"] == "x"
    assert len(made["messages"]) == (4 if made["kind"] == "critique" else 2)
