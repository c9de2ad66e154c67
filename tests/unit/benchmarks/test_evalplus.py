"""HumanEval, HumanEval+, MBPP and MBPP+: problems, answers and verdicts."""

import json

import pytest

from refinement.benchmarks import evalplus
from refinement.completion.prompts import load_template
from refinement.records.errors import BadInput
from refinement.records.sources import read_rows
from refinement.sandbox.packing import Expected, unpack
from refinement.sandbox.pool import execute_all
from refinement.sandbox.record_types import PROGRAM
from support import honest, variants

PLUS = {"humaneval_plus": "humanevalplus/HumanEvalPlus.jsonl.gz", "mbpp_plus": "mbppplus/MbppPlus.jsonl.gz"}
ORIGINAL = {"humaneval": "humaneval/HumanEval.jsonl.gz", "mbpp": "mbpp/mbpp.jsonl"}
MADE_UP = {
    "task_id": "Mbpp/2", "prompt": '"""\nShared elements.\nassert similar_elements((1,), (1,)) == (1,)\n"""\n',
    "entry_point": "similar_elements", "canonical_solution": "\ndef similar_elements(a, b):\n    return tuple(set(a) & set(b))\n",
    "base_input": [[[1, 2], [2, 3]]], "plus_input": [[[1], [2]], [[], [1]]], "atol": 0,
}  # fmt: skip
HUMANEVAL = {"task_id": "HumanEval/0", "prompt": "def f(x):\n", "entry_point": "f", "canonical_solution": "    return x\n",
             "test": "def check(candidate): assert candidate(1) == 1"}  # fmt: skip
MBPP = {"task_id": 1, "text": "x", "code": "def f(x): return x", "test_list": ["assert f(1)"]}
HEAD = 'from typing import List\n\n\ndef double(xs: List[int]) -> List[int]:\n    """Twice each."""\n'


def read(kind, records, template="{problem}"):
    lines = ((f"data.jsonl:{number}", record) for number, record in enumerate(records, start=1))
    return list(evalplus.read_problems(lines, {"kind": kind}, template))


def program(problem, code, name="p"):
    fields = {field.name for field in PROGRAM.fields}
    return {
        "timeout": 10,
        "memory_mb": 1024,
        **{k: v for k, v in problem.items() if k in fields},
        "id": name,
        "code": code,
    }


def judge(problem, *codes):
    lines = [program(problem, code, str(number)) for number, code in enumerate(codes)]
    return [run["verdict"] for run in execute_all(lines, 1)]


def test_a_made_up_task_of_evalplus():
    (plus,) = read("mbpp_plus", [MADE_UP])
    (base,) = read("mbpp", [MADE_UP])
    assert unpack(plus["calls"]) == [[(1, 2), (2, 3)], [(1,), (2,)], [(), (1,)]], "MBPP's tuples are tuples again"
    assert list(Expected(plus["expected"])) == [[2], [], []], "compared as a set, so it may be any iterable"
    assert (plus["parts"], plus["limits"], plus["timeout"]) == ([1, 2], 1, 5)
    assert unpack(base["calls"]) == [[(1, 2), (2, 3)]] and base["id"] == plus["id"] == "Mbpp/2"
    assert plus["prompt"] == "Shared elements.\nassert similar_elements((1,), (1,)) == (1,)"
    right = evalplus.read_answer(plus["canonical_solution"], plus)["code"]
    only_base = "def similar_elements(a, b): return [2]"
    assert judge(plus, right, only_base, "def similar_elements(a, b): return iter(set(a) & set(b))") == [
        "passed",
        "failed",
        "passed",
    ]
    assert judge(base, right, only_base) == ["passed", "passed"]


def test_a_completion_is_appended_to_its_prompt():
    problem = {"entry_point": "double", "code_prompt": HEAD}
    answers = (
        "    return [2 * x for x in xs]",
        "```python\n    return [2 * x for x in xs]\n```",
        f"Here it is:\n```python\n{HEAD}    return [2 * x for x in xs]\n\nassert double([1]) == [3]\n```\nDone.",
        "```python\ndef double(xs): return [2 * x for x in xs]\nprint(double([1]))\n```",
    )
    task = {"mode": "call", "entry_point": "double", "tests": "assert double([1, 2]) == [2, 4]"}
    assert judge(task, *(evalplus.read_answer(answer, problem)["code"] for answer in answers)) == ["passed"] * 4
    assert evalplus.read_answer(" \n", problem) is None
    assert evalplus.read_answer("nul \0 and \ud800", problem)["code"]


def test_needed_code_that_the_sanitizer_drops_is_restored():
    generator = "def each(xs):\n    yield from xs\n\ndef double(xs):\n    return [2 * x for x in each(xs)]\n\nassert double([1]) == [3]"
    assert "def each" in evalplus.read_answer(generator, {"entry_point": "double", "code_prompt": ""})["code"]
    two = "def double(x):\n    return 2 * x\n\ndef half(x):\n    return x / 2"
    assert "half" not in evalplus.read_answer(two, {"entry_point": "double"})["code"]
    assert (
        "half" in evalplus.read_answer(two, {"entry_point": "double", "tests": "assert half(double(1)) == 1"})["code"]
    )


@pytest.mark.parametrize(
    ("kind", "record", "fault"),
    [
        ("humaneval_plus", {"task_id": "HumanEval/0", "test": "x"}, "data.jsonl:1: not a record of humaneval_plus; name evalplus' HumanEvalPlus.jsonl.gz$"),
        ("mbpp", {"task_id": 1, "text": "x"}, "not a record of mbpp; name evalplus' MbppPlus.jsonl.gz or the original one"),
        ("humaneval_plus", MADE_UP, "not a record of humaneval_plus"),
        ("mbpp_plus", {**MADE_UP, "base_input": [1]}, "'base_input' must be a list of argument lists"),
        ("mbpp_plus", {**MADE_UP, "base_input": [[1, 2]]}, "'base_input' is not as evalplus has it"),
        ("mbpp_plus", {**MADE_UP, "base_input": [], "plus_input": []}, "no inputs"),
        ("mbpp_plus", {**MADE_UP, "canonical_solution": "\ndef similar_elements(a, b): return 1 / 0"}, "its canonical solution fails .ZeroDivisionError"),
        ("mbpp", {"task_id": 1, "text": "x", "code": "x = 1", "test_list": ["assert f(1)"]}, "its tests call nothing that its code defines"),
        ("mbpp", {"task_id": 1, "text": "x", "code": "def f(:", "test_list": ["assert f(1)"]}, "do not compile"),
        ("mbpp", {"task_id": 1, "code": "def f(): pass", "test_list": ["assert f()"]}, "neither 'text' nor 'prompt'"),
        ("humaneval", {**HUMANEVAL, "prompt": 5}, "^data.jsonl:1: field 'prompt' must be a text; is this a file of HumanEval.$"),
        ("humaneval", {**HUMANEVAL, "task_id": ["X/1"]}, "^data.jsonl:1: field 'task_id' must be a text"),
        ("humaneval", {**HUMANEVAL, "entry_point": True}, "field 'entry_point' must be a text"),
        ("humaneval", {**HUMANEVAL, "canonical_solution": {}}, "field 'canonical_solution' must be a text"),
        ("humaneval", {**HUMANEVAL, "test": ["x"]}, "field 'test' must be a text"),
        ("mbpp", {**MBPP, "code": 5}, "^data.jsonl:1: field 'code' must be a text; is this a file of MBPP.$"),
        ("mbpp", {**MBPP, "test_list": [5]}, "^data.jsonl:1: field 'test_list' must be a list of texts; is this a file of MBPP.$"),
        ("mbpp", {**MBPP, "test_list": "assert f(1)"}, "field 'test_list' must be a list of texts"),
        ("mbpp", {**MBPP, "test_list": 0}, "field 'test_list' must be a list of texts"),
        ("mbpp", {**MBPP, "test_list": []}, "its tests call nothing that its code defines"),
        ("mbpp", {**MBPP, "test_imports": [1]}, "field 'test_imports' must be a list of texts"),
        ("mbpp", {**MBPP, "test_setup_code": ["x = 1"]}, "field 'test_setup_code' must be a text"),
        ("mbpp", {**MBPP, "text": 5}, "neither 'text' nor 'prompt' describes the task"),
        ("mbpp", {**MBPP, "task_id": ["1"]}, "field 'task_id' must be a number or a text"),
        ("mbpp", {**MBPP, "task_id": True}, "field 'task_id' must be a number or a text"),
        ("mbpp", {**MBPP, "code": "x = '\ud800'"}, "do not compile .*surrogates not allowed"),
        ("mbpp", {**MBPP, "code": "x = 1\0"}, "do not compile .*null bytes"),
        ("mbpp", {**MBPP, "test_list": ["(" * 300]}, "do not compile"),
        ("mbpp_plus", {**MADE_UP, "prompt": 5}, "^data.jsonl:1: field 'prompt' must be a text; is this a file of evalplus.$"),
        ("mbpp_plus", {**MADE_UP, "entry_point": ["f"]}, "field 'entry_point' must be a text"),
        ("mbpp_plus", {**MADE_UP, "canonical_solution": 5}, "field 'canonical_solution' must be a text"),
        ("mbpp_plus", {**MADE_UP, "plus_input": ""}, "'plus_input' must be a list of argument lists"),
        ("mbpp_plus", {**MADE_UP, "atol": "a"}, "^data.jsonl:1: 'atol' must be a number of at least 0; name evalplus' own file$"),
        ("mbpp_plus", {**MADE_UP, "atol": True}, "'atol' must be a number"),
        ("mbpp_plus", {**MADE_UP, "atol": -1}, "'atol' must be a number of at least 0"),
        ("mbpp_plus", {**MADE_UP, "atol": float("nan")}, "'atol' must be a number of at least 0"),
        ("humaneval_plus", {**MADE_UP, "task_id": "HumanEval/0", "atol": [0]}, "'atol' must be a number"),
    ],
)  # fmt: skip
def test_bad_input(kind, record, fault):
    with pytest.raises(BadInput, match=fault) as raised:
        read(kind, [record])
    assert "\n" not in str(raised.value)


def test_records_of_the_right_types_are_accepted():
    assert [read(kind, [record])[0]["id"] for kind, record in (("humaneval", HUMANEVAL), ("mbpp", MBPP))] == [
        "HumanEval/0",
        "MBPP/1",
    ]
    (problem,) = read("mbpp", [{**MBPP, "task_id": "1", "test_setup_code": None, "test_imports": None}])
    assert problem["id"] == "MBPP/1" and problem["tests"] == "\nassert f(1)"
    (problem,) = read("mbpp_plus", [{**MADE_UP, "plus_input": {}}])
    assert problem["parts"] == [1], "as evalplus has it where it added none"


def test_the_prompts_hold_the_problem_and_nothing_of_the_tests():
    for name, kind in (("humaneval", "humaneval"), ("mbpp", "mbpp")):
        template = load_template(f"prompts/benchmarks/{name}.txt", *evalplus.FIELDS)
        records = honest.read_lines(ORIGINAL[kind])[:3]
        for record, problem in zip(records, read(kind, records, template), strict=True):
            assert record.get("prompt", record.get("text")).strip() in problem["prompt"]
            assert record["canonical_solution" if kind == "humaneval" else "code"].strip() not in problem["prompt"]


def made_up(task, name, solution, *arguments):
    return {
        **MADE_UP,
        "task_id": task,
        "entry_point": name,
        "canonical_solution": solution,
        "base_input": [list(arguments)],
        "plus_input": [],
    }


ORACLES = [  # task, solution that differs from the canonical one, whether evalplus takes it
    (made_up("Mbpp/164", "are_equivalent", "\ndef are_equivalent(a, b): return True", 1, 2), "def are_equivalent(a, b): return 'anything'", True),
    (made_up("Mbpp/295", "sum_div", "\ndef sum_div(n): return 7", 8), "def sum_div(number): return 0", True),
    (made_up("Mbpp/295", "sum_div", "\ndef sum_div(n): return 7", 8), "def sum_div(number): return 1", False),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return float('nan')", 1), "def f(x): return float('nan')", False),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return [0.1, 0.2]", 1), "def f(x): return [0.1, 0.2 + 1e-7]", True),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return [0.1, 0.2]", 1), "def f(x): return (0.1, 0.2)", False),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return [0.1, 0.2]", 1), "def f(x): return [0.1, 0.2, 0.3]", False),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return list(range(10 ** 5))", 1), "def f(x): return list(map(float, range(10 ** 5)))", True),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return list(range(10 ** 5))", 1), "def f(x): return list(range(1, 10 ** 5 + 1))", False),
    (made_up("Mbpp/9999", "f", "\ndef f(x): return 'x' * 10 ** 6", 1), "def f(x): return 'x' * 10 ** 6 + 'y'", False),
    (made_up("Mbpp/9999", "check_str", "\ndef check_str(x): return __import__('re').match('a', x)", "a"), "def check_str(x): return 'yes'", True),
    (made_up("Mbpp/9999", "check_str", "\ndef check_str(x): return __import__('re').match('a', x)", "a"), "def check_str(x): return None", False),
    ("Mbpp/7", "import re\ndef find_char_long(text): return re.findall(r'\\b\\w{4,}\\b', text)[::-1]", True),
    ("Mbpp/558", "def digit_distance_nums(a, b):\n    a, b = str(a), str(b)\n    n = max(len(a), len(b))\n    return sum(abs(int(x) - int(y)) for x, y in zip(a.zfill(n), b.zfill(n)))", True),
    ("Mbpp/581", "import math\ndef surface_Area(b, s): return round(b ** 2 + 2 * b * math.sqrt((b / 2) ** 2 + s ** 2))", True),
    ("Mbpp/581", "def surface_Area(b, s): return 0", False),
]  # fmt: skip


@pytest.mark.parametrize(("task", "code", "passes"), ORACLES)
def test_special_oracles(task, code, passes):
    if isinstance(task, str):
        (task,) = [record for record in honest.read_lines(PLUS["mbpp_plus"]) if record["task_id"] == task]
    (problem,) = read("mbpp_plus", [task])
    assert judge(problem, code) == ["passed" if passes else "failed"]


def test_the_zeros_of_humaneval_32_are_checked():
    (record,) = [record for record in honest.read_lines(PLUS["humaneval_plus"]) if record["task_id"] == "HumanEval/32"]
    (problem,) = read("humaneval_plus", [record])
    right = record["prompt"] + record["canonical_solution"]
    shifted = right + "\n_zero = find_zero\ndef find_zero(xs): return _zero(xs) + 1e-3"
    assert judge(problem, right, shifted, "def find_zero(xs): return 'x'") == ["passed", "failed", "failed"]


def test_known_wrong_solutions_fail():
    records = honest.read_lines(PLUS["humaneval_plus"])
    tasks, lines = records[:14] + records[16:26], []
    for task, problem in zip(tasks, read("humaneval_plus", tasks), strict=True):
        code, name = task["prompt"] + task["canonical_solution"], task["entry_point"]
        wrong = {
            "empty": variants.WHOLE["empty"](code, name),
            "none": variants.wrapped(task, "return None"),
            "right": code,
        }
        lines += [program(problem, made, f"{problem['id']} {kind}") for kind, made in wrong.items()]
    passed = {run["id"] for run in execute_all(lines, 2) if run["verdict"] == "passed"}
    assert passed == {f"{task['task_id']} right" for task in tasks}


def test_two_readings_give_the_same_problems():
    records = honest.read_lines(PLUS["mbpp_plus"])[:20]
    assert json.dumps(read("mbpp_plus", records)) == json.dumps(read("mbpp_plus", records))


def test_evalplus_own_download(tmp_path, monkeypatch):
    monkeypatch.setattr("evalplus.data.utils.CACHE_DIR", str(tmp_path))
    (tmp_path / "MbppPlus-v0.2.0.jsonl").write_text(json.dumps(MADE_UP) + "\n")
    assert [row.record for row in read_rows("evalplus:MbppPlus@v0.2.0")] == [MADE_UP]
    with pytest.raises(BadInput, match="evalplus:MbppPlus: must be HumanEvalPlus@VERSION or MbppPlus@VERSION"):
        list(read_rows("evalplus:MbppPlus"))
    monkeypatch.setattr("wget.download", lambda *_: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(
        BadInput, match=r"evalplus:MbppPlus@v9: not available \(no network\); go online or name a local file"
    ):
        list(read_rows("evalplus:MbppPlus@v9"))
