"""Mode ``unittest``: a program and a module of TestCases in one interpreter, as BigCodeBench has them.

Tests that patch what the program uses must share its interpreter. A program
that sets out to forge this verdict can, so its integrity is INSIDE. Three
things guard it: modules that tests rely on are put back after the program was
loaded, tests that must fail are run before and after the others, and the
verdict carries a secret of that execution.
"""

import ast
import functools
import io
import os
import sys
import types
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import Field
from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.fields import CODE, INSIDE
from refinement.sandbox.in_jail import describe, end_interpreter, execute_module
from refinement.sandbox.outcome import Outcome, heard, lost
from refinement.sandbox.tests_text import parse_tests

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

ANSWER_FIELDS = (CODE,)
TEST_FIELDS = (Field("tests", "TestCase classes"),)
INTEGRITY = INSIDE
PROCESSES = True
_GUARDED = (
    "builtins", "unittest", "unittest.case", "unittest.suite", "unittest.result", "unittest.loader", "unittest.mock",
    "math", "operator", "json", "re", "numpy", "numpy.testing", "pandas", "pandas.testing",
)  # fmt: skip
_TRAP = """
import unittest, math, operator
class MustFail(unittest.TestCase):
    def test_equal(self): self.assertEqual(1, 2)
    def test_true(self): self.assertTrue(False)
    def test_close(self): self.assertTrue(math.isclose(1.0, 2.0))
    def test_same(self): self.assertTrue(operator.eq(1, 2))
    def test_in(self): self.assertIn(1, [2])
    def test_raises(self):
        with self.assertRaises(ValueError): pass
    def test_type(self): self.assertIsInstance(1, str)
    def test_almost(self): self.assertAlmostEqual(1.0, 2.0)
    def test_plain(self): assert 1 == 2
"""
_TRAPS = 9  # tests of MustFail
_MOST = 100_000  # tests of one program; a larger count is forged


@functools.lru_cache(maxsize=4096)
def _check_tests(text: str) -> None:
    if not any(isinstance(node, ast.ClassDef) for node in parse_tests(text).body):
        raise ValueError("its tests hold no class of tests")


def check(program: dict[str, Any]) -> None:
    """The tests must compile and hold a class."""
    _check_tests(program["tests"])


def _snapshot() -> dict[str, dict[str, Any]]:
    found = {name: dict(vars(sys.modules[name])) for name in _GUARDED if name in sys.modules}
    case = sys.modules["unittest.case"]
    return {**found, "TestCase": dict(vars(case.TestCase))}


def _restore(before: dict[str, dict[str, Any]]) -> None:
    for name, names in before.items():
        target = sys.modules["unittest.case"].TestCase if name == "TestCase" else sys.modules.get(name)
        for key, value in names.items():
            if target is not None and vars(target).get(key) is not value and not key.startswith("__"):
                setattr(target, key, value)


def _run_cases(namespace: dict[str, Any]) -> Any:
    import unittest

    module = types.ModuleType("cases")
    module.__dict__.update(namespace)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    return unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)


def _trap_springs() -> bool:
    """Whether all tests that must fail do."""
    namespace: dict[str, Any] = {"__name__": "trap"}
    exec(_TRAP, namespace)
    result = _run_cases({"MustFail": namespace["MustFail"]})
    return result.testsRun == _TRAPS == len(result.failures)


def _whole(test: Any) -> Any:
    """The test that a subTest is part of, else the test itself: parts that fail are one test that failed."""
    return test.test_case if isinstance(test, sys.modules["unittest.case"]._SubTest) else test  # type: ignore[attr-defined]


def _may_skip(test: Any) -> bool:
    """Whether the tests' own text skips a test; a SkipTest that the program raised does not count."""
    if not hasattr(test, "_testMethodName"):  # it stands for the set-up of a class
        return False
    method = getattr(test, test._testMethodName, None)
    return bool(getattr(type(test), "__unittest_skip__", False) or getattr(method, "__unittest_skip__", False))


def _may_fail(test: Any) -> bool:
    """Whether the tests' own text expects a test to fail; what the program says later does not count."""
    marks = (type(test), getattr(type(test), test._testMethodName, None))
    return any("__unittest_expecting_failure__" in getattr(mark, "__dict__", ()) for mark in marks)


def _is_edited(result: Any) -> bool:
    """Whether a program replaced what collects failures in the result, which it can find through the frames."""
    lists = (result.failures, result.errors, result.skipped, result.expectedFailures)
    return any(name.startswith("add") for name in vars(result)) or any(type(held) is not list for held in lists)


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Execute the program, then its tests in the same module; send how many there were and how many passed."""
    import unittest

    # A program that raises it would end a test as a success, and no test that we run needs it.
    sys.modules["unittest.case"]._ShouldStop = ()  # type: ignore[attr-defined]
    before, secret = _snapshot(), job["secret"]
    answer: dict[str, Any]
    try:
        namespace = execute_module({"<program>": job["code"]}, "program")
        _restore(before)
        sprung = _trap_springs()
        known = dict(namespace)
        tests = channel.receive()
        exec(compile(tests["tests"], "<tests>", "exec", dont_inherit=True), namespace)
        cases = {
            name: value for name, value in namespace.items()
            if isinstance(value, type) and issubclass(value, unittest.TestCase) and known.get(name) is not value
        }  # fmt: skip
        result = _run_cases({"__name__": "program", **cases})
        faults = [*result.failures, *result.errors]
        lines = [text.strip().splitlines()[-1][:200] for _, text in faults]
        skipped = [(test, why) for test, why in result.skipped if not _may_skip(test)]
        lines += [f"skipped: {why}"[:200] for _, why in skipped]
        unasked = [test for test, _ in result.expectedFailures if not _may_fail(test)]
        bad = {id(_whole(test)): test for test, _ in (*faults, *skipped)}
        # Where the set-up or the end of a class fails it counts as one more test, which testsRun does not hold.
        total = result.testsRun + sum(not isinstance(test, unittest.TestCase) for test in bad.values())
        failed = len(bad) + len(result.unexpectedSuccesses) + len(unasked)
        sprung = _trap_springs() and sprung and not _is_edited(result)
        answer = {
            "total": total, "passed": total - failed, "failed": len(result.failures),
            "error": lines[0] if lines else None, "sprung": sprung,
        }  # fmt: skip
        end_interpreter()
    except BaseException as error:
        answer = {"total": 1, "passed": 0, "failed": 0, "error": describe(error), "sprung": True}
    channel.send({**answer, "secret": secret})


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """Passed if there are tests, all of them pass, and those that must fail do."""
    secret = os.urandom(16).hex()
    with worker.start(program, PROCESSES) as child:
        try:
            child.channel.send({"mode": "unittest", "code": program["code"], "secret": secret})
            child.channel.send({"tests": program["tests"]})
            told = heard(
                child.channel.receive(), secret=str, total=int, passed=int, failed=int, sprung=bool,
                error=(str, type(None)),
            )  # fmt: skip
        except ChannelClosed:
            told = None
        end = child.end(closed=told is None)
    if told is None or told["secret"] != secret or end.seconds > program["timeout"] or end.overflowed:
        return lost(end, program)
    total, passed = told["total"], told["passed"]
    if not 0 <= passed <= total <= _MOST:
        return lost(end, program)
    if not told["sprung"]:
        return Outcome("error", 0, total, "the asserts were tampered with: tests that must fail passed", end.seconds)
    if total > 0 and passed == total and told["error"] is None:
        return Outcome("passed", passed, total, None, end.seconds)
    error = told["error"] or "no test was run"
    verdict = "memory" if error.startswith("MemoryError") else "failed" if told["failed"] else "error"
    return Outcome(verdict, passed, max(total, 1), error, end.seconds)
