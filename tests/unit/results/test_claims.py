"""Effects, their intervals over problems and seeds, and the verdicts that follow."""

import math
import statistics

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.methods.acr.claims import ablations, controls, falling_shares, gains
from refinement.results.claims import (
    FAILS,
    HOLDS,
    NOISE,
    UNMEASURED,
    Chain,
    Effect,
    combine_seeds,
    decide_verdict,
    paired_effect,
    read_passes,
)

METHOD = {"title": "ACR", "on_self_win": "replace", "on_original_win": "critique", "loss": "all"}


def passes(*shares, n=400):
    return {t: {str(i): float(i < share * n) for i in range(n)} for t, share in enumerate(shares)}


def chain(*shares, **changes):
    return Chain({**METHOD, **changes}, "B", passes(*shares))


def test_an_effect_over_the_same_problems_is_paired():
    steady = {str(i): float(i % 2) for i in range(100)}
    better = {**steady, **{str(2 * i): 1.0 for i in range(8)}}
    effect = paired_effect("c", "of", better, steady, 0)
    assert effect.value == pytest.approx(8.0)
    assert 0 < effect.low < 8 < effect.high < 15, "unpaired, the interval would reach below 0"


def test_gains_decay_and_decline_are_told_apart():
    found = list(gains(chain(0.4, 0.7, 0.8, 0.85, 0.7, 0.6), final=3, seed=0))
    values = [(effect.claim, round(effect.value)) for effect in found]
    assert values == [
        ("gains_at_each_iteration", 30), ("gains_at_each_iteration", 10), ("gains_at_each_iteration", 5),
        ("first_gain_is_largest", 20), ("first_gain_is_largest", 25),
        ("declines_after_third", 15), ("declines_after_third", 25),
    ]  # fmt: skip


def test_ablations_are_known_by_their_switches_and_paired_by_reading():
    chains = [
        chain(0.4, 0.7, 0.8, 0.9),
        chain(0.4, 0.5, 0.5, title="kept", on_self_win="keep"),
        chain(0.4, 0.6, 0.7, title="single", on_original_win="single"),
        chain(0.4, 0.6, 0.6, title="last", loss="last"),
        chain(0.5, title="longer", training={"epochs": 6}),
    ]
    found = {(effect.claim, effect.of): round(effect.value) for effect in ablations(chains, 0)}
    assert found == {
        ("either_module_matters", "B: over 'kept' at 2"): 30,
        ("either_module_matters", "B: over 'single' at 2"): 10,
        ("critiques_matter_more", "B: 'kept' over 'single'"): -20,
    }


def test_controls_are_held_against_the_method_at_the_same_iteration():
    chains = [
        chain(0.4, 0.7, 0.8, 0.9),
        chain(0.4, 0.6, 0.7, title="single", on_original_win="single"),
        chain(0.4, 0.6, 0.75, title="last", loss="last"),
        chain(0.5, title="longer", training={"epochs": 6}),
        chain(0.95, title="correct", teacher={"errors": "none"}),
        chain(0.6, 0.6, 0.5, title="independent", teacher={"errors": "independent"}),
    ]
    found = {effect.claim: round(effect.value) for effect in controls(chains, 0)}
    assert found == {
        "control_single": 10,
        "control_last_turn": 5,
        "control_longer": 30,
        "control_ceiling": 15,
        "control_independent": 50,
    }


def test_shares_that_fall_beyond_and_within_noise():
    clear, within = falling_shares("c", [60, 40, 39.5], [1000, 1000, 1000])
    assert clear.low > 0 > within.low
    assert clear.high - clear.low == pytest.approx(2 * 196 * math.sqrt((0.24 + 0.24) / 1000))


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=9))
def test_over_seeds_the_interval_is_students(values):
    effect = combine_seeds([Effect("c", "of", value, 0.0, 0.0) for value in values])
    assert effect.value == pytest.approx(statistics.fmean(values), abs=1e-9)
    quantile = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306}[len(values)]
    half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    assert effect.high - effect.value == pytest.approx(half, rel=1e-3, abs=1e-6)


def test_one_seed_keeps_its_interval():
    effect = Effect("c", "of", 1.0, -1.0, 2.0)
    assert combine_seeds([effect]) is effect


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ([], UNMEASURED),
        ([(1, 2)], HOLDS),
        ([(1, 2), (-1, 2)], NOISE),
        ([(1, 2), (-2, -1)], FAILS),
    ],
)
def test_verdicts(effects, verdict):
    assert decide_verdict([Effect("c", "of", 0.0, low, high) for low, high in effects]) == verdict


def test_samples_that_pass_are_shared_out_to_problems():
    outcomes = [{"iteration": 1, "id": "p", "sample": s, "passed": int(s == 1), "verdict": "passed"} for s in (1, 2)]
    assert read_passes(outcomes) == {1: {"p": 0.5}}


def test_seeds_are_summarized_by_row_and_number(tmp_path):
    from scripts.results.summarize_seeds import summarize

    paths = []
    for seed, value in enumerate((10.0, 20.0, 60.0)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        frame = pd.DataFrame({"Model": ["m"], "Problems": [5], "pass@1": [value], "95% low": [1.0]})
        frame.to_csv(folder / "table2.csv", index=False)
        paths.append(str(folder / "table2.csv"))
    found = summarize(paths, [0, 1, 2])
    assert found[["Result", "Row", "Number"]].to_numpy().tolist() == [["table2", "m", "pass@1"]]
    assert found["Mean"][0] == pytest.approx(30)
    assert found["SD"][0] == pytest.approx(statistics.stdev((10, 20, 60)))
    assert found["Seeds"][0] == 3
