"""An interpreter of the subset of Python that the grammar uses.

The scripted judge and critic must know what a program does without executing it. The
interpreter translates the program's syntax tree into closures over integers and lists;
it never calls ``exec`` or ``eval``. A program outside the subset raises
:class:`OutsideSubset` and counts as wrong.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

Value = Any
Evaluator = Callable[[dict[str, Value]], Value]

MAX_LENGTH = 1000
MAX_BITS = 4096


class OutsideSubset(Exception):
    """The program uses something that the interpreter does not support."""


class EvaluationError(Exception):
    """The program is in the subset, but its evaluation fails; the message names the error."""


def _bounded(function: Callable[..., Value]) -> Callable[..., Value]:
    def checked(*operands: Value) -> Value:
        value = function(*operands)
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise EvaluationError("OverflowError: number too large")
        if isinstance(value, list) and len(value) > MAX_LENGTH:
            raise EvaluationError("MemoryError: list too long")
        return value

    return checked


def _multiply(left: Value, right: Value) -> Value:
    for value, times in ((left, right), (right, left)):
        if isinstance(value, list) and isinstance(times, int) and len(value) * times > MAX_LENGTH:
            raise EvaluationError("MemoryError: list too long")
    return left * right


def _power(base: Value, exponent: Value) -> Value:
    if not isinstance(exponent, int) or not isinstance(base, int) or not 0 <= exponent <= 64:
        raise EvaluationError("OverflowError: power out of bounds")
    return base**exponent


_BINARY: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Add: _bounded(operator.add),
    ast.Sub: operator.sub,
    ast.Mult: _bounded(_multiply),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _bounded(_power),
}
_UNARY: Mapping[type, Callable[[Value], Value]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALLS: Mapping[str, tuple[Callable[..., Value], frozenset[str]]] = {
    "abs": (abs, frozenset()),
    "len": (len, frozenset()),
    "list": (list, frozenset()),
    "max": (max, frozenset({"default"})),
    "min": (min, frozenset({"default"})),
    "set": (set, frozenset()),
    "sorted": (sorted, frozenset({"reverse"})),
    "sum": (sum, frozenset()),
    "dict.fromkeys": (dict.fromkeys, frozenset()),
}


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    raise OutsideSubset(ast.dump(node))


def _constant(node: ast.Constant) -> Evaluator:
    value = node.value
    if not isinstance(value, (int, type(None))):
        raise OutsideSubset("a constant that is not an integer")
    return lambda _: value


def _name(node: ast.Name) -> Evaluator:
    name = node.id

    def look_up(scope: dict[str, Value]) -> Value:
        try:
            return scope[name]
        except KeyError:
            raise EvaluationError(f"NameError: name '{name}' is not defined") from None

    return look_up


def _unary(node: ast.UnaryOp) -> Evaluator:
    apply, operand = _UNARY[type(node.op)], translate(node.operand)
    return lambda scope: apply(operand(scope))


def _binary(node: ast.BinOp) -> Evaluator:
    apply, left, right = _BINARY[type(node.op)], translate(node.left), translate(node.right)
    return lambda scope: apply(left(scope), right(scope))


def _compare(node: ast.Compare) -> Evaluator:
    if len(node.ops) != 1:
        raise OutsideSubset("a chained comparison")
    apply, left, right = _COMPARE[type(node.ops[0])], translate(node.left), translate(node.comparators[0])
    return lambda scope: apply(left(scope), right(scope))


def _choice(node: ast.IfExp) -> Evaluator:
    test, body, orelse = translate(node.test), translate(node.body), translate(node.orelse)
    return lambda scope: body(scope) if test(scope) else orelse(scope)


def _call(node: ast.Call) -> Evaluator:
    function, keywords = _CALLS[_name_of(node.func)]
    arguments = [translate(argument) for argument in node.args]
    named = {keyword.arg: translate(keyword.value) for keyword in node.keywords if keyword.arg in keywords}
    if len(named) != len(node.keywords):
        raise OutsideSubset("an unknown keyword argument")
    return lambda scope: function(
        *[argument(scope) for argument in arguments],
        **{name: value(scope) for name, value in named.items()},
    )


def _subscript(node: ast.Subscript) -> Evaluator:
    value = translate(node.value)
    if not isinstance(node.slice, ast.Slice):
        index = translate(node.slice)
        return lambda scope: value(scope)[index(scope)]
    parts = [
        translate(part) if part is not None else (lambda _: None)
        for part in (node.slice.lower, node.slice.upper, node.slice.step)
    ]
    return lambda scope: value(scope)[slice(*[part(scope) for part in parts])]


def _comprehension(node: ast.ListComp | ast.GeneratorExp) -> Evaluator:
    if len(node.generators) != 1 or node.generators[0].is_async:
        raise OutsideSubset("a nested comprehension")
    loop = node.generators[0]
    if not isinstance(loop.target, ast.Name):
        raise OutsideSubset("a comprehension over several names")
    target, element, source = loop.target.id, translate(node.elt), translate(loop.iter)
    tests = [translate(test) for test in loop.ifs]

    def run(scope: dict[str, Value]) -> list[Value]:
        inner = dict(scope)
        values = []
        for inner[target] in source(scope):
            if all(test(inner) for test in tests):
                values.append(element(inner))
        return values

    return run


def _list(node: ast.List) -> Evaluator:
    elements = [translate(element) for element in node.elts]
    return lambda scope: [element(scope) for element in elements]


_TRANSLATORS: Mapping[type, Callable[[Any], Evaluator]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _compare,
    ast.IfExp: _choice,
    ast.Call: _call,
    ast.Subscript: _subscript,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.List: _list,
}


def translate(node: ast.expr) -> Evaluator:
    """A closure that evaluates an expression in a scope. Raises OutsideSubset."""
    try:
        return _TRANSLATORS[type(node)](node)
    except KeyError as error:
        raise OutsideSubset(f"not in the subset: {error}") from None


class Program:
    """A function ``solve(xs)`` of assignments and a return, ready to be called."""

    def __init__(self, code: str) -> None:
        """Translate ``code``. Raises OutsideSubset, also for code that does not parse."""
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise OutsideSubset(f"does not parse: {error}") from None
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "solve"]
        if not functions or len(functions[-1].args.args) != 1:
            raise OutsideSubset("no function solve(xs)")
        self._argument = functions[-1].args.args[0].arg
        self._lines = [self._line(node) for node in functions[-1].body]

    @staticmethod
    def _line(node: ast.stmt) -> tuple[str | None, Evaluator]:
        if isinstance(node, ast.Return) and node.value is not None:
            return None, translate(node.value)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id, translate(node.value)
        raise OutsideSubset(f"a statement outside the subset: {type(node).__name__}")

    def __call__(self, xs: list[int]) -> Value:
        """The value that ``solve(xs)`` returns. Raises EvaluationError."""
        scope: dict[str, Value] = {self._argument: list(xs)}
        try:
            for name, value in self._lines:
                result = value(scope)
                if name is None:
                    return result
                scope[name] = result
        except EvaluationError:
            raise
        except (TypeError, ValueError, LookupError, ArithmeticError, MemoryError, RecursionError) as error:
            raise EvaluationError(f"{type(error).__name__}: {error}") from None
        return None
