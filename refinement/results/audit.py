"""Whether printed numbers can be what they are said to be: means of printed cells, shares of a whole count.

All arithmetic is in exact fractions, since a verdict at the edge of a rounding must not hang on a float's last bit.
A number that fits is not shown to be right, nor one that does not to be wrong: only the reading "one run, one answer
to each problem, rounded" is tested. The values audited are those of a paper's file below reference/.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

Rounding = Literal["nearest", "up", "down"]
ROUNDINGS: tuple[Rounding, ...] = ("nearest", "up", "down")


class AverageCheck(NamedTuple):
    """How a printed average stands to the cells beside it.

    ``mean``: of the printed cells, exact. ``strict``: it rounds to the printed average, ties up or to even.
    ``generous``: some true cells that round to the printed ones have a mean that rounds to the printed average.
    """

    mean: Fraction
    strict: bool
    generous: bool


def exact(value: float) -> Fraction:
    """A printed number as the decimal that was printed, not as the nearest binary fraction."""
    return Fraction(str(value))


def _unit(decimals: int) -> Fraction:
    return Fraction(1, 10**decimals)


def _is_even(value: Fraction, unit: Fraction) -> bool:
    return value / unit % 2 == 0


def check_average(cells: Sequence[float], printed: float, decimals: int = 1) -> AverageCheck:
    """Whether a printed average can be the mean of the printed cells, all rounded to ``decimals``.

    Cells and average may be off by half a unit each, so that together they allow less than a unit; a whole one only
    where every tie goes to even. Cells that were cut or rounded up are not covered. Raises ValueError without cells.
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


def fits(cell: float, problems: int, decimals: int = 1) -> frozenset[Rounding]:
    """By which roundings a cell (percent) is 100 k / ``problems`` for some whole k; empty where no count gives it.

    Ties to nearest may go either way. Raises ValueError for a cell outside 0 to 100 or no problems.
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
    """The number of solved problems whose share is nearest to a cell (percent); a tie goes to the lower one."""
    _check_cell(cell, problems)
    return math.ceil(exact(cell) * problems / 100 - Fraction(1, 2))


def share_that_fits(problems: int, decimals: int = 1) -> float:
    """Share of all printable cells from 0 to 100 that fit some count: what arbitrary digits would pass by chance.

    It is 1 where there are more problems than steps of the last digit: such cells cannot be told.
    """
    steps = 100 * 10**decimals
    return sum(bool(fits(step / 10**decimals, problems, decimals)) for step in range(steps + 1)) / (steps + 1)
