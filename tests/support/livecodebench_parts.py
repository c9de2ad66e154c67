"""Problems in LiveCodeBench's official schema, made up."""

import base64
import json
import pickle
import zlib

MONTHS = [f"2024-{month:02}" for month in range(5, 13)] + [f"2025-{month:02}" for month in range(1, 6)]


def packed(cases, protocol=4):
    """As the official data has them: JSON, pickled, compressed, base64."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases), protocol))).decode()


def cases(kind, *pairs):
    return [{"input": given, "output": wanted, "testtype": kind} for given, wanted in pairs]


def record(name, date, **changes):
    """A problem in the official schema: read two numbers, write their sum."""
    return {
        "question_title": "Sum", "question_content": "Write the sum of two numbers.", "platform": "atcoder",
        "question_id": name, "contest_id": "abc400", "contest_date": date, "starter_code": "", "difficulty": "easy",
        "public_test_cases": json.dumps(cases("stdin", ("1 2\n", "3\n"))),
        "private_test_cases": packed(cases("stdin", ("10 20\n", "30\n"), ("-1 1\n", "0\n"))), "metadata": "{}",
        **changes,
    }  # fmt: skip


def functional(name, date, **changes):
    """A problem of the other kind: a method that gives pairs in order."""
    return {
        **record(name, date), "platform": "leetcode", "question_content": "Sort the pair (a, b).",
        "metadata": '{"func_name": "order"}',
        "starter_code": "class Solution:\n    def order(self, a: int, b: List[int]) -> List[int]:\n        ",
        "public_test_cases": json.dumps(cases("functional", ("2\n[1]", "[1, 2]"))),
        "private_test_cases": packed(cases("functional", ("3\n[7]", "[3, 7]"), ("0\n[0]", "[0, 0]"))), **changes,
    }  # fmt: skip


def both_kinds():
    """Two problems a month, one of each kind, on its first day and in its midst: 26 in 13 months."""
    for month in MONTHS:
        yield record(f"p{month}", f"{month}-01T00:00:00")
        yield functional(f"f{month}", f"{month}-15T08:30:00")
