"""Mode outputs: many calls of one function, compared outside."""

import pytest

from refinement.records.errors import BadInput
from refinement.sandbox.packing import Expected, Opaque, digest_of, encode, item_of, pack, pack_items, unpack
from refinement.sandbox.pool import execute_all

SQUARES = {"mode": "outputs", "entry_point": "f", "calls": [[2], [3], [-7]], "expected": [4, 9, 49], "oracle": "exact"}
EXACT = [(1, 2), {3}, frozenset({4}), 1j, float("inf"), 10**5000, b"x", {1: (2,)}, "\ud800", None, True, range(3)]


def execute(code, **changes):
    line = {"id": "p", "timeout": 3, "memory_mb": 512, **SQUARES, "code": code, **changes}
    return next(iter(execute_all([line], 1)))


@pytest.mark.parametrize(
    ("code", "verdict", "passed", "error"),
    [
        ("def f(x): return x * x", "passed", 3, None),
        ("print('passed')\ndef f(x):\n    print(x)\n    return x * x", "passed", 3, None),
        ("def f(x): return 4", "failed", 1, "f(3) gives 4, not 9"),
        ("def f(x): return 36 // (3 - x)", "failed", 0, "f(2) gives 36, not 4"),
        ("def f(x): return {'b', 'a', (1, 2)} if x == 2 else 0", "failed", 0, "f(2) gives {"),
        ("def f(x): return [f]", "failed", 0, "f(2) gives [<an object>], not 4"),
        ("def f(x): return [x] * 500", "failed", 0, "call 1: another output"),
        ("def f(x): return x * x if x == 2 else 1 / 0", "error", 1, "ZeroDivisionError"),
        ("def g(x): return x * x", "error", 0, "NameError: no f"),
        ("def f(x):\n    while x == 3: pass\n    return x * x", "timeout", 1, "call 2: more than 1 s of CPU"),
        ("def f(x): return [0] * 10 ** 10", "memory", 0, "MemoryError"),
        ("def f(x): return x * x if x == 2 else 'x' * 10 ** 8", "error", 1, "ValueError: a value of 95 MiB is too large to cross"),
    ],
)  # fmt: skip
def test_what_comes_of_calls(code, verdict, passed, error):
    run = execute(code, limits=1.0, memory_mb=2048)
    assert (run["verdict"], run["passed"], run["total"]) == (verdict, passed, 3), run
    assert (run["error"] or "").startswith(error or "") and run["integrity"] == "outside"


def test_values_keep_their_types_both_ways():
    calls = [[value] for value in EXACT]
    for values in (
        {"calls": pack(calls), "expected": pack_items([encode(value) for value in EXACT])},
        {"calls": pack(calls), "expected": EXACT},
    ):
        assert execute("def f(x): return x", **values)["verdict"] == "passed"
    assert unpack(pack(calls)) == calls
    run = execute("def f(x): return list(x) if type(x) is tuple else x", calls=pack(calls), expected=EXACT)
    assert (run["verdict"], run["passed"]) == ("failed", 0)


def test_what_a_call_gave_stays_as_it_was():
    code = "held = []\ndef f(x):\n    held.append(x)\n    return held"
    assert execute(code, expected=[[2], [2, 3], [2, 3, -7]])["verdict"] == "passed"
    assert (
        execute("def f(x):\n    x.append(1)\n    return x", calls=[[[]], [[]]], expected=[[1], [1]])["verdict"]
        == "passed"
    )


def test_parts_load_the_program_anew():
    code = "n = 0\ndef f(x):\n    global n\n    n += 1\n    return n"
    assert execute(code, expected=[1, 2, 3])["verdict"] == "passed"
    assert execute(code, expected=[1, 2, 1], parts=[2, 1])["verdict"] == "passed"


def test_methods_and_the_json_oracle():
    code = "class Solution:\n    def double(self, xs): return tuple(2 * x for x in xs)"
    line = {"entry_point": "Solution().double", "calls": [[[1, 2]]], "expected": [[2, 4]]}
    assert execute(code, **line, oracle="json")["verdict"] == "passed"
    assert execute(code, **line)["verdict"] == "failed"


def test_large_values_cross_as_digests_or_whole():
    line = {"calls": [[10**5]], "memory_mb": 2048}
    numbers = list(range(10**5))
    digest, size = digest_of(numbers)
    folded = pack_items([item_of(encode(numbers), digest)])
    assert size > 1 << 16 and list(Expected(folded)) == [numbers]
    alone = pack_items([{"digest": digest, "folded": None}])
    assert isinstance(Expected(alone)[0], Opaque)
    for expected, code, verdict in (
        (folded, "def f(n): return list(range(n))", "passed"),
        (alone, "def f(n): return list(range(n))", "passed"),
        ([numbers], "def f(n): return list(range(n))", "passed"),
        (folded, "def f(n): return list(map(float, range(n)))", "passed"),
        (folded, "def f(n): return tuple(range(n))", "failed"),
        (alone, "def f(n): return list(range(1, n + 1))", "failed"),
        (folded, "def f(n): return list(range(1, n + 1))", "failed"),
    ):
        assert execute(code, expected=expected, **line)["verdict"] == verdict, code


def test_equal_values_have_one_digest_whatever_they_share():
    one = [1, 2]
    assert digest_of([one, one]) == digest_of([[1, 2], [1, 2]])
    assert digest_of(["ab", "a" + "b" * len(one[:1])]) == digest_of(["ab", "ab"])
    assert digest_of([1]) != digest_of([1.0]) and digest_of([object()]) == ("", 0)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"expected": [4, 9]}, "3 calls, but 2 expected values"),
        ({"calls": [2, 3]}, "its calls must be argument lists"),
        ({"calls": "[[0]"}, "its calls or expected values cannot be read"),
        ({"calls": pack([]), "expected": []}, "its calls must be argument lists, at least one"),
        ({"expected": "7"}, "cannot be read .not a list"),
        ({"oracle": "exactly"}, "its oracle is 'exactly'; there are exact, json, evalplus"),
        ({"entry_point": "f(); import os"}, "is neither a name nor"),
        ({"limits": [1, 2]}, "2 limits for 3 calls"),
        ({"limits": 0}, "its limits must be seconds above 0"),
        ({"parts": [1, 1]}, r"its parts \[1, 1\] do not add up to 3 calls"),
    ],
)
def test_lines_that_cannot_be_judged_are_the_benchmarks_fault(change, fault):
    with pytest.raises(BadInput, match=f"program p: .*{fault}.*benchmark's fault"):
        execute("def f(x): return x", **change)
