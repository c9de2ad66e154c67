"""BigCodeBench: its data become problems, its sanitizer reads answers, the sandbox executes its tests."""

import ast
import json
import os
import subprocess
import sys
import time
from functools import cache

import pytest

from refinement.benchmarks import bigcodebench
from refinement.benchmarks.programs import answer_program, join_problem
from refinement.benchmarks.requirements import find_missing
from refinement.completion.prompts import load_template
from refinement.records.errors import BadInput
from scripts.benchmarks.prepare_benchmark import Sources
from scripts.engines.execute_programs import completed
from support.honest import DATA, REPEATS, load, read_lines

TEMPLATE = "prompts/benchmarks/bigcodebench.txt"
FOLDER = DATA / "bigcodebench"
TASK = {
    "task_id": "BigCodeBench/0", "entry_point": "task_func", "libs": "['json']",
    "instruct_prompt": "Count a JSON list.\nYou should write self-contained code starting with:\n```\nimport json\n"
                       "def task_func(text):\n```",
    "complete_prompt": 'import json\n\ndef task_func(text):\n    """Count a JSON list."""\n',
    "code_prompt": "import json\ndef task_func(text):\n", "canonical_solution": "    return len(json.loads(text))\n",
    "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_two(self):\n"
            "        self.assertEqual(task_func('[1, 2]'), 2)\n    def test_none(self):\n"
            "        self.assertEqual(task_func('[]'), 0)\n",
}  # fmt: skip
RIGHT = "def task_func(text):\n    return len(json.loads(text))"


def write(path, *records):
    path.write_text("".join(json.dumps(line) + "\n" for line in records))
    return str(path)


def read(source, **settings):
    template = load_template(TEMPLATE, *bigcodebench.FIELDS)
    return list(bigcodebench.read_problems(Sources([str(source)]), {"split": "instruct", **settings}, template))


def own(tmp_path, **settings):
    return read(write(tmp_path / "tasks.jsonl", TASK), **settings)


@cache
def official(ids=None, split="instruct"):
    """The problems of the data, or those in a list of ids; skips the test if the data is missing."""
    read_lines("bigcodebench/BigCodeBench.hf.jsonl.gz")
    settings = {"ids": str(FOLDER / ids)} if ids else {}
    return read(FOLDER / "BigCodeBench.hf.jsonl.gz", split=split, **settings)


def programs(problems, answers):
    """Programs of answers, by problem id."""
    by_name = {problem["id"]: problem for problem in problems}
    return [join_problem(answer_program(answer, by_name[name]), by_name) for name, answer in answers]


def judge(problem, answer, **changes):
    [program] = programs([problem], [(problem["id"], answer)])
    [run] = completed([{**program, **changes}], {}, 1)
    return run


def body_replaced(problem, change):
    """The canonical solution with a changed body, or None if nothing can be changed."""
    tree = ast.parse(problem["canonical_solution"].removeprefix("```python\n").removesuffix("```\n"))
    function = next(node for node in tree.body if getattr(node, "name", "") == problem["entry_point"])
    return f"```python\n{ast.unparse(ast.fix_missing_locations(tree))}\n```" if change(function) else None


def empty(function):
    function.body = [ast.Pass()]
    return True


def returns_none(function):
    function.body = [*ast.parse("for _ in ():\n    pass").body, ast.Return(ast.Constant(None))]
    return True


def mutate(function):
    """Change the last constant in the last return statement that has one, else in the body."""
    start = 1 if ast.get_docstring(function) else 0
    nodes = [node for statement in function.body[start:] for node in ast.walk(statement)]
    returned = [node for found in nodes if isinstance(found, ast.Return) for node in ast.walk(found)]
    constants = [node for part in (nodes, returned) for node in part
                 if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str))]  # fmt: skip
    if not constants:
        return False
    value = constants[-1].value
    constants[-1].value = not value if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else value + 1
    return True


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        f"# half a character: \ud800\n{RIGHT}",
        f"Sure:\n```python\nimport json\n\n{RIGHT}\n\nprint(task_func('[3]'))\n```\nIt counts.",
        f"```\n{RIGHT}\n```\n```\nassert task_func('[]') == 0\n```",
        "import json\ndef count(x):\n    return len(x)\ndef task_func(text):\n    return count(json.loads(text))",
        "```python\nLIMIT = 9\ndef task_func(text):\n    if len(text) > LIMIT:\n        return 0\n\n    return len(json.loads(text))\n```",
    ],
)  # fmt: skip
def test_right_answers_pass(tmp_path, answer):
    run = judge(own(tmp_path)[0], answer)
    assert (run["verdict"], run["passed"], run["total"]) == ("passed", 2, 2), run


@pytest.mark.parametrize(
    ("answer", "verdict", "error"),
    [
        ("def task_func(text):\n    pass", "failed", "AssertionError: None != 0"),
        ("def task_func(text):\n    return None", "failed", "AssertionError: None != 0"),
        ("def task_func(text):\n    return len(json.loads(text)) + 1", "failed", "AssertionError: 1 != 0"),
        ("def task_func(text):\n    import nowhere_to_be_found", "error", "ModuleNotFoundError: No module named 'nowhere"),
        ("import nowhere_to_be_found\n" + RIGHT, "error", "ModuleNotFoundError: No module named 'nowhere"),
        ("I would call task_func first.", "error", "SyntaxError"),
    ],
)  # fmt: skip
def test_wrong_answers_fail_and_a_missing_package_is_named(tmp_path, answer, verdict, error):
    run = judge(own(tmp_path)[0], answer)
    assert run["verdict"] == verdict and run["error"].startswith(error), run


@pytest.mark.parametrize("answer", ["", "I cannot do that.", "```python\ndef other():\n    pass\n```"])
def test_an_answer_that_never_names_the_function_has_no_code(tmp_path, answer):
    assert bigcodebench.read_answer(answer, own(tmp_path)[0]) is None


def test_prompts_are_the_datas_own(tmp_path):
    [instruct], [complete] = own(tmp_path), own(tmp_path, split="complete")
    assert instruct["prompt"].endswith(TASK["instruct_prompt"]) and "docstring" not in instruct["prompt"]
    assert complete["prompt"].endswith(f"\n```\n{TASK['complete_prompt'].strip()}\n```")
    assert (instruct["timeout"], instruct["memory_mb"], instruct["mode"]) == (240.0, 30 * 1024, "unittest")


def test_answers_are_not_executed_without_the_packages_of_the_task(tmp_path):
    test = TASK["test"] + "    def test_more(self):\n        import nowhere_to_be_found, os.path\n"
    solution = "    import sklearn.svm, pandas as pd\n    from yaml import load\n    pd.read_excel(text)\n"
    [problem] = read(write(tmp_path / "tasks.jsonl", {**TASK, "test": test, "canonical_solution": solution}))
    assert problem["needs"] == {
        "import nowhere_to_be_found": "pip install nowhere_to_be_found", "import openpyxl": "pip install openpyxl",
        "import pandas": "pip install pandas", "import sklearn": "pip install scikit-learn", "import yaml": "pip install PyYAML",
    }  # fmt: skip
    run = judge(problem, RIGHT)
    assert run["verdict"] == "not_run" and "import nowhere_to_be_found" in run["missing"]
    assert "needs" in own(tmp_path)[0] and not own(tmp_path)[0]["needs"]


def ids_file(tmp_path, ids):
    path = tmp_path / "ids.json"
    path.write_text(json.dumps(ids))
    return str(path)


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (["BigCodeBench/0", "BigCodeBench/1140"], "1 ids are not in the data (BigCodeBench/1140)"),
        ({"ids": []}, "must be a JSON list of task ids"),
        ([], "must be a JSON list of task ids"),
        ([13], "must be a JSON list of task ids"),
        (["BigCodeBench/0", "BigCodeBench/0"], "a task id is listed twice"),
    ],
)
def test_ids_must_be_those_of_tasks(tmp_path, ids, told):
    with pytest.raises(BadInput) as caught:
        own(tmp_path, ids=ids_file(tmp_path, ids))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"code_prompt": None}, "tasks.jsonl:1: field 'code_prompt' must be a text"),
        ({"test": 3}, "tasks.jsonl:1: field 'test' must be a text"),
        ({"test": "class TestCases(:"}, "tasks.jsonl:1: BigCodeBench/0 is not a valid program"),
        ({"test": "x = '\ud800'"}, "tasks.jsonl:1: BigCodeBench/0 is not a valid program"),
        ({"test": "x = 1\0"}, "tasks.jsonl:1: BigCodeBench/0 is not a valid program"),
        ({"test": "(" * 300}, "tasks.jsonl:1: BigCodeBench/0 is not a valid program"),
    ],
)
def test_bad_input_is_named_with_its_line(tmp_path, changes, told):
    with pytest.raises(BadInput) as caught:
        read(write(tmp_path / "tasks.jsonl", {**TASK, **changes}))
    assert told in str(caught.value)


def test_a_split_must_be_one(tmp_path):
    with pytest.raises(BadInput, match="split 'chat' is unknown; choose one of instruct, complete"):
        own(tmp_path, split="chat")


def test_the_hard_tasks_are_the_148_by_id_in_the_datas_order():
    wanted = json.loads((FOLDER / "hard_ids.json").read_text()) if FOLDER.exists() else []
    everything, hard = official(), official("hard_ids.json")
    assert len(everything) == 1140 and len(wanted) == len(hard) == 148
    assert [problem["id"] for problem in hard] == [one["id"] for one in everything if one["id"] in set(wanted)]


ANSWERS = (
    "", "\n\n", "a", "def f(:", "one\ntwo", "x = 1\n\n\ny = 2\n\nno code here\nz = 3", "if a:\n\n    b\n\nelse\n",
    "a = '''\nb\n'''\nThat is it.\n", "words (\nnever closed\nx = [1,\n2]\n", "(\n" * 90 + ")\n" * 90, "\x00\na = 1\nb = 2",
    "- a\n- b\n  c = 1\nd = 2", "f(\\\n\n1)\ntext follows",
)  # fmt: skip


def test_the_longest_code_equals_that_of_the_library():
    pytest.importorskip("bigcodebench.data")
    source = "from bigcodebench.sanitize import code_extract; import json, sys\n" \
             "print(json.dumps([code_extract(text) for text in json.load(sys.stdin)]))"  # fmt: skip
    texts = [*ANSWERS, *(problem["canonical_solution"] + "That\nis it." for problem in official()[::25])]
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", source], input=json.dumps(texts), capture_output=True, text=True, check=True)  # fmt: skip
    assert [bigcodebench.longest_code(text) for text in texts] == json.loads(told.stdout)


def test_a_repetitive_answer_is_read_quickly(tmp_path):
    [problem] = own(tmp_path)
    began = time.monotonic()
    assert bigcodebench.read_answer(f"{RIGHT}\n" + "print(task_func([1, 2, 3]))\n" * 400, problem)
    assert time.monotonic() - began < 20  # with the library's own search 204 s


def test_canonical_solutions_pass():
    problems = official("stdlib_only_verified_ids.json")[2::6]
    assert len(problems) == 49 and not any(find_missing(problem["needs"]) for problem in problems)
    runs = completed(programs(problems, [(one["id"], one["canonical_solution"]) for one in problems]), {}, 4)
    assert [run["id"] for run in runs if run["verdict"] != "passed"] == []


@pytest.mark.parametrize("change", [empty, returns_none])
def test_known_wrong_variants_fail(change):
    problems = official("stdlib_only_verified_ids.json")[::8]
    wrong = programs(problems, [(problem["id"], body_replaced(problem, change)) for problem in problems])
    runs = completed([{**program, "timeout": 10} for program in wrong], {}, 4)
    assert {run["verdict"] for run in runs} <= {"failed", "error"} and len(wrong) == 37


# Tasks whose tests do not notice the constant that is changed: the text of an exception (542, 1106), an argument of a
# function that the tests replace (13), an alphabet's last letter (335), a pattern of files that the tests do not make
# (454), a default for what is always there (670), a fifth decimal (753), blanks that the tests' texts lack (843).
UNNOTICED = tuple(f"BigCodeBench/{number}" for number in (13, 335, 454, 542, 670, 753, 843, 1106))


def test_a_changed_constant_fails_unless_the_tests_ignore_it():
    problems = official("stdlib_only_verified_ids.json")[1::8]
    mutants = [(problem["id"], body_replaced(problem, mutate)) for problem in problems]
    wrong = programs(problems, [mutant for mutant in mutants if mutant[1] is not None])
    runs = completed([{**program, "timeout": 10} for program in wrong], {}, 4)
    passed = {run["id"].partition("#")[0] for run in runs if run["verdict"] == "passed"}
    assert passed == set(UNNOTICED) and len(wrong) > 30


@pytest.mark.faults
@pytest.mark.parametrize("loaded", [False, True])
def test_all_canonical_solutions_pass(loaded):
    problems = official("stdlib_only_verified_ids.json")
    assert len(problems) == 293
    lines = programs(problems, [(one["id"], one["canonical_solution"]) for one in problems])
    with load(os.cpu_count() if loaded else 0):
        runs = list(completed([{**line, "repeats": REPEATS} for line in lines], {}, 16))  # most of the time they sleep
    assert [run["id"] for run in runs if run["verdict"] != "passed"] == [] and len(runs) == 293
    assert all(len(run["seconds"]) == REPEATS for run in runs)
