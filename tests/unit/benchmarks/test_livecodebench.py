"""LiveCodeBench: problems in a range of dates, private tests that are never unpickled, judged programs."""

import base64
import json
import os
import pickle
import pickletools
import re
import zlib

import pytest

from refinement.benchmarks import livecodebench
from refinement.benchmarks.programs import answer_program, join_problem
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.prompts import load_template
from refinement.records.errors import BadInput
from refinement.records.files import read_json, read_records
from refinement.sandbox import record_types
from refinement.sandbox.modes import stdio
from scripts.benchmarks.prepare_benchmark import Sources, arguments, main
from scripts.engines.execute_programs import completed
from support.livecodebench_parts import both_kinds, cases, functional, packed, record

TEMPLATE = "prompts/benchmarks/livecodebench.txt"


def write(path, records):
    path.write_text("".join(json.dumps(line) + "\n" for line in records))
    return str(path)


def read(path, **settings):
    template = load_template(TEMPLATE, *livecodebench.FIELDS)
    return list(livecodebench.read_problems(Sources([str(path)]), settings, template))


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "test.jsonl", both_kinds())


@pytest.mark.parametrize(
    ("window", "number"),
    [
        ({}, 26),
        ({"from": "2024-07", "until": "2025-02"}, 14),
        ({"from": "2025-02", "until": "2025-05"}, 6),
        ({"from": "2024-07-01", "until": "2024-07-15"}, 1),
        ({"from": "2024-07-02", "until": "2024-07-16"}, 1),
        ({"from": "2024-07-15", "until": "2024-08-01"}, 1),
        ({"until": "2024-06"}, 2),
        ({"from": "2025-05-15"}, 1),
    ],
)
def test_a_date_range_excludes_its_end(data, window, number):
    assert len(read(data, **window)) == number


def test_the_papers_date_ranges_share_no_problem(data):
    names = [{problem["id"] for problem in read(data, **{"from": one, "until": other})}
             for one, other in (("2024-07", "2025-02"), ("2025-02", "2025-05"))]  # fmt: skip
    assert not names[0] & names[1] and "p2025-02" in names[1] and "f2025-01" in names[0]


def prepare(source, folder, **settings):
    line = ["--kind", "livecodebench", "--source", *source, "--template", TEMPLATE, "--settings", json.dumps(settings),
            "--output", f"{folder}/problems.jsonl", "--about", f"{folder}/about.json"]  # fmt: skip
    main(arguments().parse_args(line))
    return read_json(f"{folder}/about.json"), list(read_records(f"{folder}/problems.jsonl", PROBLEM))


def test_the_number_of_problems_is_printed_and_recorded(data, tmp_path, capsys):
    about, problems = prepare([data], tmp_path, **{"from": "2024-07", "until": "2025-02", "size": 14})
    assert (about["problems"], about["records"], len(problems)) == (14, 26, 14)
    assert "livecodebench: 14 problems of 26 records" in capsys.readouterr().out


def test_a_release_is_its_files(tmp_path):
    parts = list(both_kinds())
    files = [write(tmp_path / name, part) for name, part in
             (("test.jsonl", parts[:8]), ("test2.jsonl", parts[8:16]), ("test3.jsonl", parts[16:]))]  # fmt: skip
    assert [prepare(files[:count], tmp_path)[0]["problems"] for count in (1, 2, 3)] == [8, 16, 26]


@pytest.mark.parametrize(
    ("kept", "hole"),
    [
        (slice(0, 12), "between 2024-10-15 and 2025-02-01"),
        (slice(12, 26), "between 2024-07-01 and 2024-11-01"),
        (list(range(10)) + list(range(14, 26)), "between 2024-09-15 and 2024-12-01"),
    ],
)
def test_a_date_range_that_the_data_does_not_cover_is_bad_input(tmp_path, kept, hole):
    """LiveCodeBench's issue 40: a date range beyond an older release silently gave only 238 problems."""
    lines = list(both_kinds())
    chosen = lines[kept] if isinstance(kept, slice) else [lines[number] for number in kept]
    with pytest.raises(BadInput, match=f"no contest {hole}"):
        read(write(tmp_path / "old.jsonl", chosen), **{"from": "2024-07", "until": "2025-02"})


def fenced(code):
    return f"I think that this is right:\n```python\nprint('first try')\n```\nNo, this:\n```python\n{code}\n```\nDone."


SOLUTIONS = (
    # (problem, passes, code)
    ("p", True, "a, b = map(int, input().split())\nprint(a + b)"),
    ("p", True, "def main():\n    print(f'  {sum(map(int, stdin.read().split()))}.0 ')\n"
                "if __name__ == '__main__':\n    main()"),
    ("p", True, "print(reduce(operator.add, map(int, open(0).read().split())))\nsys.exit()"),
    ("p", False, "a, b = map(int, input().split())\nprint(a - b)"),
    ("p", False, "print(3)"),
    ("p", False, "a, b = map(int, input().split())\nprint(a + b, 'is it')"),
    ("p", False, "a, b = map(int, input().split())\nprint(a + b)\nprint(a + b)"),
    ("p", False, "a, b = map(int, input().split())\nprint(a + b + 1e-15)"),
    ("p", False, "a, b = map(int, input().split())\nprint('sNaN')"),
    ("p", False, "pass"),
    ("f", True, "class Solution:\n    def order(self, a: int, b: List[int]) -> List[int]:\n        return sorted([a, *b])"),
    ("f", True, "def order(a, b):\n    print('noise')\n    return min(a, b[0]), max(a, b[0])"),
    ("f", True, "import numpy\nclass Solution:\n    def order(self, a, b):\n        return list(numpy.sort([a, *b]))\n"
                "if __name__ == '__main__':\n    print(Solution().order(int(input()), []))"),
    ("f", True, "def order(a, b):\n    return sorted([a, *b])\n"
                "class Solution:\n    def order(self, a, b):\n        return order(a, b)"),
    ("f", False, "class Solution:\n    def order(self, a, b):\n        return [a, *b]"),
    ("f", False, "class Solution:\n    def order(self, a, b):\n        print(sorted([a, *b]))"),
    ("f", False, "class Solution:\n    def order(self, a, b):\n        return {*b, a}"),
    ("f", False, "class Solution:\n    def order(self, a, b):\n        b.append(a)\n        b.sort()"),
    ("f", False, "class Solution:\n    def order(self, a, b):\n        class Same(list):\n"
                 "            def __eq__(self, other): return True\n        return Same()"),
    ("f", False, "class Solution:\n    def sort(self, a, b):\n        return sorted([a, *b])"),
)  # fmt: skip


def programs(problems, solutions):
    by_name = {problem["id"]: problem for problem in problems}
    for number, (name, _, code) in enumerate(solutions):
        program = join_problem(answer_program(fenced(code), by_name[name]), by_name)
        yield {**program, "id": f"{number}"}


def test_right_solutions_pass_and_wrong_ones_fail(tmp_path):
    lines = [record("p", "2024-07-01"), functional("f", "2024-07-01")]
    found = completed(programs(read(write(tmp_path / "two.jsonl", lines)), SOLUTIONS), {}, 2)
    for run, (name, passes, code) in zip(found, SOLUTIONS, strict=True):
        assert (run["verdict"] == "passed") == passes, (name, code, run)
        assert run["integrity"] == "outside" and run["total"] == 3


def test_the_time_limit_is_per_test_case(tmp_path):
    busy = "import time\nwhile time.process_time() < 0.4: pass\nprint(sum(map(int, input().split())))"
    problems = read(write(tmp_path / "one.jsonl", [record("p", "2024-07-01")]))
    assert problems[0]["timeout"] == 6.0 and len(problems[0]["cases"]) == 3
    [run] = completed([{**next(programs(problems, [("p", True, busy)])), "timeout": 0.9}], {}, 1)
    assert run["verdict"] == "passed" and run["seconds"] > 0.9
    [run] = completed([{**next(programs(problems, [("p", True, busy)])), "timeout": 0.3}], {}, 1)
    assert run["verdict"] == "timeout"


def test_the_time_limit_is_per_call(tmp_path):
    busy = ("import time\ndef order(a, b):\n    began = time.process_time()\n"
            "    while time.process_time() - began < {}: pass\n    return sorted([a, *b])")  # fmt: skip
    problems = read(write(tmp_path / "one.jsonl", [functional("f", "2024-07-01")]))
    assert problems[0]["limits"] == 6.0 and problems[0]["timeout"] == 3 * 7 + 5
    [slow, endless] = (next(programs(problems, [("f", True, busy.format(time))])) for time in (0.4, 60))
    [run] = completed([{**slow, "limits": 0.9}], {}, 1)
    assert run["verdict"] == "passed" and run["seconds"] > 0.9
    [run] = completed([{**endless, "limits": 0.3}], {}, 1)
    assert run["verdict"] == "timeout" and run["passed"] == 0


def test_functions_keep_their_object_from_call_to_call(tmp_path):
    """As in the official judge, one Solution object answers all calls."""
    code = "class Solution:\n    def order(self, a, b):\n        self.seen = [*getattr(self, 'seen', []), a]\n        return {}"
    problems = read(write(tmp_path / "one.jsonl", [functional("f", "2024-07-01")]))
    told = [("f", True, code.format(text)) for text in ("sorted([a, *b])", "sorted([*self.seen, *b])")]
    assert [run["verdict"] for run in completed(programs(problems, told), {}, 1)] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("```python\na = 1\n```", "a = 1"),
        ("```\na = 1\n```\nthen\n```py\nb = 2\n```\n", "b = 2"),
        ("no block", None),
        ("```python\nnever closed", None),
        ("```python\n\n```", None),
    ],
)
def test_the_last_block_is_the_answer(response, code):
    found = livecodebench.read_answer(response, {})
    assert found is None if code is None else found["code"].endswith(f"\n{code}\n")


def test_prompts_have_the_question_and_the_form_of_the_answer(tmp_path):
    whole, method = read(write(tmp_path / "two.jsonl", [record("p", "2024-07-01"), functional("f", "2024-07-01")]))
    assert "### Question:\nWrite the sum of two numbers.\n" in whole["prompt"] and "stdin" in whole["prompt"]
    assert "```python\nclass Solution:\n    def order(" in method["prompt"] and "stdin" not in method["prompt"]
    assert all("```\n\n### Answer:" in problem["prompt"] for problem in (whole, method))
    assert [problem["mode"] for problem in (whole, method)] == ["stdio", "outputs"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_pickle_gives_its_text(protocol):
    text = json.dumps(cases("stdin", ("é\n" * 300, "\\ \n"))) + "\ud7ff"
    assert livecodebench.read_pickled_text(pickle.dumps(text, protocol), "x") == text


class Runs:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def deflated(data):
    return base64.b64encode(zlib.compress(data)).decode()


def test_a_hostile_pickle_is_named_and_not_executed(tmp_path):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        line = record("p", "2024-07-01", private_test_cases=deflated(pickle.dumps(Runs(f"{tmp_path}/run"), protocol)))
        with pytest.raises(BadInput, match=r"bad.jsonl:1: private_test_cases: opcode (GLOBAL|STACK_GLOBAL) at byte"):
            read(write(tmp_path / "bad.jsonl", [line]))
        # Behind a text, too, it is found.
        both = pickletools.optimize(pickle.dumps(("[]", Runs(f"{tmp_path}/run")), protocol))
        with pytest.raises(BadInput, match="makes more than a text"):
            livecodebench.read_pickled_text(both, "x")
    assert not (tmp_path / "run").exists()


def test_a_decompression_bomb_is_stopped():
    bomb = deflated(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(BadInput, match="more than 1000000 bytes"):
        livecodebench.unpack_tests(bomb, "x", most=1_000_000)


GOOD = packed(cases("stdin", ("1 2\n", "3\n")))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contest_date": "July 2024"}, "contest_date 'July 2024' is not a date"),
        ({"contest_date": None}, "field 'contest_date' must be a text"),
        ({"public_test_cases": '[{"input": "", "output": "", "testtype": "file"}]'}, "test 1 is of type 'file'"),
        ({"public_test_cases": '[{"input": "", "testtype": "stdin"}]'}, "test 1 lacks the texts"),
        ({"public_test_cases": "[}"}, "public_test_cases: not JSON"),
        ({"public_test_cases": "[]", "private_test_cases": "[]"}, "no tests"),
        ({"private_test_cases": GOOD[:-3]}, "private_test_cases: broken"),
        ({"private_test_cases": GOOD[: len(GOOD) // 8 * 4]}, "private_test_cases: cut off"),
        ({"private_test_cases": "not base64!"}, "private_test_cases: broken"),
        ({"private_test_cases": base64.b64encode(b"not zlib").decode()}, "private_test_cases: broken"),
        ({"private_test_cases": deflated(b"not pickle")}, "private_test_cases: "),
        ({"private_test_cases": deflated(pickle.dumps("[]")[:-1])}, "private_test_cases: no pickle"),
        ({"private_test_cases": deflated(pickle.dumps("no JSON"))}, "private_test_cases: not JSON"),
        ({"private_test_cases": deflated(pickle.dumps(["[]"]))}, "opcode EMPTY_LIST"),
        ({"metadata": '{"func_name": "f"}'}, "tests of type stdin, but metadata's func_name is 'f'"),
        ({"metadata": "[]"}, "metadata: must be a JSON dict"),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_its_line(tmp_path, changes, told):
    lines = [record("a", "2024-07-01"), record("b", "2024-07-02", **changes)]
    with pytest.raises(BadInput, match=r"lines\.jsonl:2: ") as caught:
        read(write(tmp_path / "lines.jsonl", lines))
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metadata": '{"func_name": "import os; f"}'}, "is not a function's name"),
        ({"metadata": '{"func_name": true}'}, "func_name True is not a function's name"),
        ({"metadata": '{"func_name": ["order"]}'}, "func_name ['order'] is not a function's name"),
        ({"metadata": "{}"}, "tests of type functional, but metadata's func_name is None"),
        ({"private_test_cases": packed(cases("functional", ("2\nx", "3")))}, "test 2: not JSON"),
        ({"private_test_cases": packed(cases("functional", (f'"{"x" * (48 << 20)}"', "3")))}, "48 MiB of arguments"),
    ],
)
def test_bad_input_of_functions_is_named_too(tmp_path, changes, told):
    with pytest.raises(BadInput, match=re.escape(told)):
        read(write(tmp_path / "lines.jsonl", [functional("f", "2024-07-01", **changes)]))


def test_a_duplicate_id_ends_the_step(tmp_path):
    source = write(tmp_path / "twice.jsonl", [record("a", "2024-07-01"), record("a", "2024-07-02")])
    with pytest.raises(BadInput, match="the problem 'a' occurs twice"):
        prepare([source], tmp_path)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"from": "2024-13"}, "from '2024-13' is not a date"),
        ({"until": "soon"}, "until 'soon' is not a date"),
        ({"from": "2025-02", "until": "2025-02"}, "is not before until"),
    ],
)
def test_an_invalid_date_range_is_bad_input(data, settings, told):
    with pytest.raises(BadInput, match=told):
        read(data, **settings)


def test_outputs_are_compared_like_the_official_judge():
    pairs = (("1\n 2 \n", "1\n2", True), ("\n1\n", "1", True), ("1.0 2", "1 2.00", True), ("1e3", "1000", True),
             ("a 1.0", "a 1", False), ("1 2", "1\n2", False), ("1\n\n2", "1\n2", False), ("", "", True),
             ("0.1", "0.10000000000000001", False), ("nan", "NaN", False), ("nan", "nan", True),
             ("50000000000000000", "50000000000000001", False), ("YES", "Yes", False))  # fmt: skip
    for found, wanted, same in pairs:
        assert stdio.same_decimals(found, wanted) == same, (found, wanted)


def test_the_schema_and_the_sandbox_know_the_same_comparisons():
    field = next(field for field in record_types.PROGRAM.fields if field.name == "comparison")
    assert field.choices == tuple(stdio.COMPARISONS)
    with pytest.raises(ValueError, match="unknown comparison 'guess'"):
        stdio.check({"comparison": "guess", "cases": [{"stdin": "", "stdout": ""}]})
