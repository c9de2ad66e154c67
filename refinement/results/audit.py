"""Check the arithmetic of published tables: averages against their cells, pass@1 against counts of solved problems.

All arithmetic uses exact fractions, because the last bit of a float must not decide a verdict at the edge of a
rounding. The audit tests only one reading of a number: "one run, one answer to each problem, rounded". A number that
passes is not shown to be right, and a number that fails is not shown to be wrong. The audited values are those of a
paper's file in reference/.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

Rounding = Literal["nearest", "up", "down"]
ROUNDINGS: tuple[Rounding, ...] = ("nearest", "up", "down")


class AverageCheck(NamedTuple):
    """A printed average compared with the cells beside it.

    ``mean``: the exact mean of the printed cells. ``strict``: this mean rounds to the printed average, with ties up
    or to even. ``generous``: some cells that round to the printed cells have a mean that rounds to the printed average.
    """

    mean: Fraction
    strict: bool
    generous: bool


def exact(value: float) -> Fraction:
    """A printed number as the exact decimal fraction, not as the nearest binary fraction."""
    return Fraction(str(value))


def _unit(decimals: int) -> Fraction:
    return Fraction(1, 10**decimals)


def _is_even(value: Fraction, unit: Fraction) -> bool:
    return value / unit % 2 == 0


def check_average(cells: Sequence[float], printed: float, decimals: int = 1) -> AverageCheck:
    """Check whether a printed average can be the mean of the printed cells, all rounded to ``decimals``.

    Rounding moves the cells and the average by at most half a unit of the last decimal each. So the average and the
    mean of the printed cells can differ by less than a unit, or by exactly a unit if every tie was rounded to even.
    The check does not cover cells that were truncated or rounded up.

    Raises ValueError without cells.
    """
    if not cells:
        raise ValueError("an average of no cells is not defined")
    unit, goal = _unit(decimals), exact(printed)
    values = [exact(cell) for cell in cells]
    mean = sum(values, Fraction(0)) / len(values)
    half_up = math.floor(mean / unit + Fraction(1, 2)) * unit
    gap = abs(goal - mean)
    generous = gap < unit or (gap == unit and all(_is_even(value, unit) for value in (goal, *values)))
    return AverageCheck(mean, goal in (half_up, round(mean, decimals)), generous)


def _check_cell(cell: float, problems: int) -> None:
    if problems < 1 or not 0 <= cell <= 100:
        raise ValueError(f"{cell} percent of {problems} problems is not defined")


def matching_roundings(cell: float, problems: int, decimals: int = 1) -> frozenset[Rounding]:
    """The roundings by which a cell (percent) is 100 k / ``problems`` for some whole number k; empty if there is none.

    A tie may round either way to nearest.

    Raises ValueError for a cell outside 0 to 100, and without problems.
    """
    _check_cell(cell, problems)
    unit, value = _unit(decimals), exact(cell)
    if value % unit:
        return frozenset()
    count = value * problems / 100
    under, over = (abs(value - Fraction(100 * k, problems)) for k in (math.floor(count), math.ceil(count)))
    holds = {"nearest": min(under, over) <= unit / 2, "up": under < unit, "down": over < unit}
    return frozenset(name for name in ROUNDINGS if holds[name])


def nearest_count(cell: float, problems: int) -> int:
    """The number of solved problems whose share is nearest to a cell (percent); the lower one after a tie.

    Raises ValueError for a cell outside 0 to 100, and without problems.
    """
    _check_cell(cell, problems)
    return math.ceil(exact(cell) * problems / 100 - Fraction(1, 2))


def share_that_fits(problems: int, decimals: int = 1) -> float:
    """The share of all printable cells from 0 to 100 that fit some count of solved problems.

    Arbitrary digits would pass the check with this probability. It is 1 if there are at least as many problems as
    steps of the last digit; the check says nothing about such cells.
    """
    steps = 100 * 10**decimals
    return sum(bool(matching_roundings(step / 10**decimals, problems, decimals)) for step in range(steps + 1)) / (
        steps + 1
    )
