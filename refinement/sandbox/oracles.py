"""Oracles: how what a call gave is compared with what it should, outside the jail, on values of exact types.

``exact``: ``==``. ``json``: the same, with a tuple in the place of a list
allowed, as LiveCodeBench's functional tests do. ``evalplus``: that of evalplus
0.3.1's ``untrusted_check`` (evalplus/eval/__init__.py, unsafe_execute): ``==``;
floats within ``atol``, 1e-6 where it is 0 and floats are expected, from then
on for all later calls of the same part; and its special oracles.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Oracle = Callable[[int, Any], bool]  # number of the call, what it gave


def _exact(expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> Oracle:
    return lambda number, found: bool(found == expected[number])


def _json(expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> Oracle:
    return lambda number, found: bool((list(found) if type(found) is tuple else found) == expected[number])


class _Evalplus:
    """``settings``: dataset (humaneval or mbpp), entry_point, atol, parts (numbers of calls that start anew).

    evalplus' own lists and functions decide which tasks are compared how:
    ``_special_oracle`` for MBPP's sets (2, 7, 111, 140, 232, 249, 579, 769),
    what is only to be not None (``check_str`` and two more), 558 and 581 with
    a second reading, and HumanEval/32, whose zeros are looked at with
    ``_poly``. Two tasks of MBPP accept more, by name: 164 anything, 295 also
    0. HumanEval/32 is not what evalplus 0.3.1 makes of it: there the check of
    this task is never counted, so that no program passes it.
    """

    def __init__(self, expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> None:
        self._expected, self._calls = expected, calls
        self._dataset, self._entry_point = settings["dataset"], settings["entry_point"]
        self._first_atol = self._atol = settings["atol"]
        starts = [sum(settings["parts"][:place]) for place in range(len(settings["parts"]))]
        self._starts = frozenset(starts)

    def _matches(self, found: Any, expected: Any, arguments: Sequence[Any]) -> Any:
        """Whether the two are alike but for a tolerance."""
        from evalplus.eval import _special_oracle as special

        name, exact = self._entry_point, found == expected
        if self._dataset != "mbpp":
            return exact
        if name == "are_equivalent":
            return True
        if name == "sum_div":
            return exact or found == 0
        if name == "surface_Area":
            return exact or abs(found - special._surface_Area(*arguments)) <= self._atol
        if name == "digit_distance_nums":
            return exact or found == special._digit_distance_nums(*arguments)
        if name in special.MBPP_OUTPUT_SET_EQ_TASKS:
            return set(found) == set(expected)
        if name in special.MBPP_OUTPUT_NOT_NONE_TASKS:
            return found == expected if isinstance(found, bool) else expected == (found is not None)
        return exact

    def __call__(self, number: int, found: Any) -> bool:
        import numpy
        from evalplus.eval import _special_oracle, is_floats

        if number in self._starts:
            self._atol = self._first_atol
        expected = self._expected[number]
        arguments = self._calls[number] if self._calls else ()
        matches = self._matches(found, expected, arguments)
        if self._dataset == "humaneval" and self._entry_point == "find_zero":
            return bool(abs(_special_oracle._poly(*arguments, found)) <= self._atol)
        if self._atol == 0 and is_floats(expected):
            self._atol = 1e-6
        if matches or self._atol == 0:
            return bool(matches)
        if type(found) is not type(expected) or (isinstance(expected, (list, tuple)) and len(found) != len(expected)):
            return False
        return bool(numpy.allclose(found, expected, rtol=1e-07, atol=self._atol))


ORACLES: dict[str, Callable[[Sequence[Any], Mapping[str, Any], Sequence[Any]], Oracle]] = {
    "exact": _exact,
    "json": _json,
    "evalplus": _Evalplus,
}
