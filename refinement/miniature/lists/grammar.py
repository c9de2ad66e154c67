"""The miniature's task language: conversion between specification, instruction and code.

A task transforms a list of integers ``xs`` by a chain of steps and reduces it to one
number. Its *specification* is the chain. An *instruction* expresses each step in words,
by one of several paraphrases. *Code* has one line per step. Each of the three can be
converted into the others, so a scripted teacher that reads only text understands
instructions that it has never seen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

PARAMETERS = (2, 3, 4, 5)
LEAD = "Write solve(xs) for a list of integers: "
JOIN = ", then "
CALL = "print(solve([]))"


@dataclass(frozen=True)
class Operation:
    """One operation of the language. ``{k}`` in its texts stands for the step's parameter.

    ``concept``: the programming concept that it exercises.
    ``phrases``: the paraphrases in instructions.
    ``code``: the correct expression.
    ``bugs``: wrong expressions, each a kind of mistake.
    ``label``: the word for it in comments.
    """

    name: str
    concept: str
    phrases: tuple[str, ...]
    code: str
    bugs: tuple[str, ...]
    label: str

    @property
    def takes_parameter(self) -> bool:
        """Whether the operation has a parameter ``k``."""
        return "{k}" in self.phrases[0]


class Step(NamedTuple):
    """An operation's name and its parameter, None if it takes none."""

    operation: str
    k: int | None


class Specification(NamedTuple):
    """What a task asks for: a chain of steps and a final reducer."""

    steps: tuple[Step, ...]
    reducer: Step

    @property
    def depth(self) -> int:
        """Number of steps before the reducer."""
        return len(self.steps)

    def __str__(self) -> str:
        return " ".join(
            step.operation + (f":{step.k}" if step.k is not None else "") for step in (*self.steps, self.reducer)
        )


class Wording(NamedTuple):
    """A specification and, for each step, the index of the paraphrase that expresses it."""

    specification: Specification
    paraphrases: tuple[int, ...]


def _filter(name: str, phrases: Sequence[str], test: str, bugs: Sequence[str], label: str) -> Operation:
    wrap = "[x for x in xs if {}]".format
    return Operation(name, "condition", tuple(phrases), wrap(test), tuple(map(wrap, bugs)), label)


def _map(name: str, phrases: Sequence[str], value: str, bugs: Sequence[str], label: str) -> Operation:
    wrap = "[{} for x in xs]".format
    return Operation(name, "arithmetic", tuple(phrases), wrap(value), tuple(map(wrap, bugs)), label)


STEPS: tuple[Operation, ...] = (
    _filter("keep_even", ("keep the even numbers", "drop the odd numbers"), "x % 2 == 0", ("x % 2 == 1", "x // 2 == 0"), "even"),
    _filter("keep_odd", ("keep the odd numbers", "drop the even numbers"), "x % 2 == 1", ("x % 2 == 0", "x // 2 == 1"), "odd"),
    _filter("keep_positive", ("keep the positive numbers", "drop zero and the negative numbers"), "x > 0", ("x >= 0", "x < 0"), "positive"),
    _filter("keep_negative", ("keep the negative numbers", "keep what is below zero"), "x < 0", ("x <= 0", "x > 0"), "negative"),
    _filter("keep_multiples", ("keep the multiples of {k}", "keep what {k} divides"), "x % {k} == 0", ("x % {k} == 1", "x // {k} == 0"), "multiples"),
    _filter("drop_multiples", ("drop the multiples of {k}", "keep what {k} does not divide"), "x % {k} != 0", ("x % {k} == 0", "x % {k} == 1"), "no multiples"),
    _filter("keep_greater", ("keep the numbers above {k}", "drop the numbers up to {k}"), "x > {k}", ("x >= {k}", "x < {k}"), "above"),
    _filter("keep_less", ("keep the numbers below {k}", "drop the numbers from {k} up"), "x < {k}", ("x <= {k}", "x > {k}"), "below"),
    _map("square", ("square each number", "multiply each number by itself"), "x * x", ("x + x", "x * 2 + 1"), "square"),
    _map("multiply", ("multiply each number by {k}", "scale everything by {k}"), "x * {k}", ("x + {k}", "x ** {k}"), "scale"),
    _map("add", ("add {k} to each number", "increase everything by {k}"), "x + {k}", ("x - {k}", "x * {k}"), "add"),
    _map("subtract", ("subtract {k} from each number", "decrease everything by {k}"), "x - {k}", ("{k} - x", "x + {k}"), "subtract"),
    _map("negate", ("negate each number", "flip every sign"), "-x", ("abs(x)", "1 - x"), "negate"),
    _map("absolute", ("take absolute values", "remove every sign"), "abs(x)", ("-x", "x"), "absolute"),
    _map("remainder", ("take remainders modulo {k}", "replace each number by its remainder by {k}"), "x % {k}", ("x // {k}", "x % {k} + 1"), "remainder"),
    _map("divide", ("floor-divide each number by {k}", "replace each number by its quotient by {k}"), "x // {k}", ("x % {k}", "x // {k} + 1"), "quotient"),
    Operation("sort", "sorting", ("sort in ascending order", "order from small to large"), "sorted(xs)", ("sorted(xs, reverse=True)", "xs"), "sort"),
    Operation("sort_down", "sorting", ("sort in descending order", "order from large to small"), "sorted(xs, reverse=True)", ("sorted(xs)", "xs[::-1]"), "sort down"),
    Operation("reverse", "slicing", ("reverse the list", "turn the list around"), "xs[::-1]", ("sorted(xs, reverse=True)", "xs[::1]"), "reverse"),
    Operation("dedupe", "sets", ("remove repeated numbers", "keep the first of each number"), "list(dict.fromkeys(xs))", ("sorted(set(xs))", "list(xs)"), "unique"),
    Operation("take_first", "slicing", ("take the first {k}", "keep at most {k} from the front"), "xs[:{k}]", ("xs[:{k} - 1]", "xs[{k}:]"), "head"),
    Operation("drop_first", "slicing", ("skip the first {k}", "cut {k} off the front"), "xs[{k}:]", ("xs[{k} + 1:]", "xs[:{k}]"), "skip"),
    Operation("take_last", "slicing", ("take the last {k}", "keep at most {k} from the back"), "xs[-{k}:]", ("xs[-{k} - 1:]", "xs[:-{k}]"), "tail"),
    Operation("every", "slicing", ("take one in {k} from the start", "step through the list by {k}"), "xs[::{k}]", ("xs[1::{k}]", "xs[:{k}]"), "stride"),
)  # fmt: skip

REDUCERS: tuple[Operation, ...] = (
    Operation("sum", "accumulation", ("return the sum", "return the total"), "sum(xs)", ("len(xs)", "sum(xs[1:])"), "sum"),
    Operation("count", "counting", ("return how many are left", "return the length"), "len(xs)", ("len(set(xs))", "len(xs) - 1"), "count"),
    Operation("largest", "comparison", ("return the largest or 0", "return the maximum or 0 if empty"), "max(xs, default=0)", ("max(xs)", "min(xs, default=0)"), "max"),
    Operation("smallest", "comparison", ("return the smallest or 0", "return the minimum or 0 if empty"), "min(xs, default=0)", ("min(xs)", "max(xs, default=0)"), "min"),
    Operation("first", "slicing", ("return the first or 0", "return the head or 0 if empty"), "xs[0] if xs else 0", ("xs[0]", "xs[1] if xs[1:] else 0"), "first"),
    Operation("last", "slicing", ("return the last or 0", "return the end or 0 if empty"), "xs[-1] if xs else 0", ("xs[-1]", "xs[0] if xs else 0"), "last"),
    Operation("spread", "arithmetic", ("return the range or 0", "return maximum minus minimum or 0 if empty"), "max(xs) - min(xs) if xs else 0", ("max(xs) - min(xs)", "max(xs) + min(xs) if xs else 0"), "range"),
    Operation("distinct", "sets", ("return how many distinct numbers", "return the count without repeats"), "len(set(xs))", ("len(xs)", "sum(set(xs))"), "distinct"),
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (*STEPS, *REDUCERS)}
CONCEPTS: tuple[str, ...] = tuple(dict.fromkeys(operation.concept for operation in OPERATIONS.values()))


def fill(text: str, step: Step) -> str:
    """``text`` with the step's parameter in place of ``{k}``."""
    return text if step.k is None else text.replace("{k}", str(step.k))


def say(wording: Wording) -> str:
    """The body of an instruction: the steps in words."""
    specification, paraphrases = wording
    steps = (*specification.steps, specification.reducer)
    return JOIN.join(
        fill(OPERATIONS[step.operation].phrases[paraphrase], step)
        for step, paraphrase in zip(steps, paraphrases, strict=True)
    )


def instruct(wording: Wording, remark: str = "") -> str:
    """A complete instruction; ``remark`` is appended as a separate sentence."""
    return f"{LEAD}{say(wording)}.{' ' + remark if remark else ''}"


@cache
def _phrase_table() -> tuple[dict[str, tuple[str, int]], re.Pattern[str]]:
    table = {
        phrase: (operation.name, index)
        for operation in OPERATIONS.values()
        for index, phrase in enumerate(operation.phrases)
    }
    return table, re.compile(r"\d+")


def _read_phrase(phrase: str) -> tuple[Step, int] | None:
    table, digits = _phrase_table()
    if phrase in table:
        name, paraphrase = table[phrase]
        return Step(name, None), paraphrase
    numbers = digits.findall(phrase)
    for number in numbers:
        found = table.get(phrase.replace(number, "{k}", 1))
        if found and OPERATIONS[found[0]].takes_parameter:
            return Step(found[0], int(number)), found[1]
    return None


def read_body(body: str) -> Wording | None:
    """The inverse of :func:`say`; None if the text is not in this language."""
    found = [_read_phrase(phrase) for phrase in body.split(JOIN)]
    if len(found) < 2 or any(item is None for item in found):
        return None
    steps = [item[0] for item in found if item]
    reducers = {operation.name for operation in REDUCERS}
    if steps[-1].operation not in reducers or any(s.operation in reducers for s in steps[:-1]):
        return None
    specification = Specification(tuple(steps[:-1]), steps[-1])
    return Wording(specification, tuple(item[1] for item in found if item))


def read_instruction(text: str) -> Wording | None:
    """The wording of the first instruction in ``text``; None if there is none."""
    start = text.find(LEAD)
    if start < 0:
        return None
    body, dot, _ = text[start + len(LEAD) :].partition(".")
    return read_body(body.strip()) if dot else None


def write_code(specification: Specification, expressions: Sequence[str] | None = None, comments: bool = False) -> str:
    """The program of a specification, one line per step.

    ``expressions``: one for each step, the reducer last, instead of the correct ones.
    ``comments``: append each step's label to its line.
    """
    steps = (*specification.steps, specification.reducer)
    if expressions is None:
        expressions = [fill(OPERATIONS[step.operation].code, step) for step in steps]
    lines = ["def solve(xs):"]
    for index, (step, expression) in enumerate(zip(steps, expressions, strict=True)):
        head = "return" if index == specification.depth else "xs ="
        tail = f"  # {OPERATIONS[step.operation].label}" if comments else ""
        lines.append(f"    {head} {expression}{tail}")
    return "\n".join(lines)
