"""Oracles: how the value of a call is compared with the expected one. Both are of exact built-in types.

``exact`` compares by ``==``. So does ``json``, but a tuple may stand for a
list, as in LiveCodeBench's functional tests. ``evalplus`` compares as evalplus
0.3.1's ``untrusted_check`` does (evalplus/eval/__init__.py, unsafe_execute): by
``==``; floats within ``atol``; where that is 0 and floats are expected, within
1e-6, in all later calls of the part too; and by its special oracles.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Oracle = Callable[[int, Any], bool]  # number of the call, its value -> whether that is right


def _exact(expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> Oracle:
    return lambda number, found: bool(found == expected[number])


def _json(expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> Oracle:
    return lambda number, found: bool((list(found) if type(found) is tuple else found) == expected[number])


class _Evalplus:
    """Compares as evalplus does.

    ``settings``: ``dataset`` (humaneval or mbpp), ``entry_point``, ``atol``,
    ``parts`` (numbers of calls, before each of which evalplus starts anew).

    evalplus' module ``_special_oracle`` lists the tasks that are compared in
    their own way: values that are sets (MBPP 2, 7, 111, 140, 232, 249, 579,
    769), values that must only not be None (``check_str`` and two more), tasks
    with a second right answer (MBPP 558, 581), and HumanEval/32, whose zero is
    put into ``_poly``. MBPP 164 accepts anything, and MBPP 295 also 0. We count
    HumanEval/32's check; evalplus 0.3.1 never does, so that no program passes.
    """

    def __init__(self, expected: Sequence[Any], settings: Mapping[str, Any], calls: Sequence[Any]) -> None:
        self._expected, self._calls = expected, calls
        self._dataset, self._entry_point = settings["dataset"], settings["entry_point"]
        self._first_atol = self._atol = settings["atol"]
        starts = [sum(settings["parts"][:place]) for place in range(len(settings["parts"]))]
        self._starts = frozenset(starts)

    def _matches(self, found: Any, expected: Any, arguments: Sequence[Any]) -> Any:
        """Whether a value is right without ``numpy.allclose``, by the task's special oracle if it has one."""
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
