"""Import of samples: which are read, which are refused, and that they are scored unchanged."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from refinement.benchmarks.programs import answer_program
from refinement.records.errors import BadInput
from scripts.benchmarks.import_samples import holds

PROBLEMS = [
    {"id": f"T/{number}", "prompt": f"Write f to add {number}.", "canonical_solution": None, "mode": "call",
     "code_prompt": "def f(x):\n", "entry_point": "f", "tests": f"assert f(1) == {1 + number}"}
    for number in range(3)
]  # fmt: skip


def lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def step(name, *words):
    (script,) = Path("scripts").glob(f"*/{name}.py")
    return subprocess.run([sys.executable, script, *map(str, words)], capture_output=True, text=True, timeout=120)


def take(folder, samples, *options, problems=PROBLEMS):
    path = lines(folder / "samples.jsonl", samples) if isinstance(samples, list) else samples
    problems = lines(folder / "problems.jsonl", problems)
    return step("import_samples", path, "--problems", problems, "--output", folder / "responses.jsonl", *options)


def sample(number, text, field="solution"):
    return {"task_id": f"T/{number}", field: text}


def adding(number):
    return f"def f(x):\n    return x + {number}\n"


def test_blanks_and_comments_may_change():
    assert holds({"code": "import math\n\ndef f(x):\n    return x\n"}, "\n# mine\ndef f(x):\n\n\n    return (x)\n")
    assert not holds({"code": "def f(x):\n    return x\n"}, "import math\ndef f(x):\n    return x\n")
    assert holds({"code": "head\ndef f(:"}, "def f(:\n") and not holds({"code": "x = 1"}, "def f(:")
    assert holds({"files": {"a.js": "let x; function f() {}", "b": ""}}, "function f() {}\n") and not holds(None, "x")


def score(folder, problems, samples, *options):
    """The summary's row that the following steps give, and the programs that were executed."""
    common = [folder / problems, "--responses", folder / "responses.jsonl", "--iterations", 0, 0]
    run = step("collect_solutions", *common, "--samples", samples, "--output", folder / "solutions", "--programs",
               folder / "programs", "--counts", folder / "counts", *options)  # fmt: skip
    assert run.returncode == 0, run.stderr
    run = step("execute_programs", folder / "programs", "--problems", folder / problems, "--output", folder / "runs")
    assert run.returncode == 0, run.stderr
    run = step("score_benchmark", folder / "solutions", "--runs", folder / "runs", "--problems", folder / problems,
               "--models", "theirs", "--decoding", "{}", "--seed", 0, "--outcomes", folder / "outcomes", "--summary",
               folder / "summary")  # fmt: skip
    assert run.returncode == 0, run.stderr
    programs = [json.loads(line) for line in (folder / "programs").read_text().splitlines()]
    return json.loads((folder / "summary").read_text())["iterations"][0], programs


def test_samples_are_scored_unchanged(tmp_path):
    wrong = "def f(x):\n    '''It takes\n\n    ```\n    x\n    ```\n    '''\n    return None\n"
    samples = [sample(2, "    return x + 2\n", "completion"), sample(0, adding(0)), sample(1, adding(1)),
               sample(0, f"\n# mine\n{adding(0)}\n\n"), sample(1, "def f(x): return"), sample(2, wrong)]  # fmt: skip
    run = take(tmp_path, samples)
    assert run.returncode == 0 and run.stdout.startswith("6 samples of 3 problems, 2 each"), run.stderr
    assert "samples changed by the benchmark's reader of answers: 1 (T/2:2)" in run.stdout
    responses = [json.loads(line) for line in (tmp_path / "responses.jsonl").read_text().splitlines()]
    assert [response["custom_id"] for response in responses] == [f"0/T/{n}:{s}:1" for n in range(3) for s in (1, 2)]
    row, programs = score(tmp_path, "problems.jsonl", 2)
    assert row["pass@1"] == pytest.approx((1 + 0.5 + 0.5) / 3) and row["pass@2"] == 1.0
    assert programs[0]["code"] == adding(0) and programs[1]["code"] == f"\n# mine\n{adding(0)}\n\n"
    assert programs[4]["code"] == adding(2), "a completion continues the problem's head"


def test_a_sample_without_code_is_counted_and_fails(tmp_path):
    run = take(tmp_path, [sample(0, ""), sample(1, adding(1)), sample(2, "I cannot.")])
    assert "samples without code, which fail: 1 (T/0:1)" in run.stdout
    row, _ = score(tmp_path, "problems.jsonl", 1)
    assert row["pass@1"] == pytest.approx(1 / 3) and row["verdicts"] == {"error": 1, "no_code": 1, "passed": 1}


def test_whole_programs_are_executed_unchanged(tmp_path):
    program = f"'''\n```python\nnot this\n```\n'''\n{adding(0)}"
    run = take(tmp_path, [sample(0, program), sample(1, "def f(x"), sample(2, "")], "--whole")
    assert run.stdout == "3 samples of 3 problems, 1 each\n"
    row, programs = score(tmp_path, "problems.jsonl", 1, "--whole")
    assert [found["code"] for found in programs] == [program, "def f(x", ""]
    assert row["pass@1"] == pytest.approx(1 / 3) and row["verdicts"] == {"error": 2, "passed": 1}
    with pytest.raises(BadInput, match="T/0: its programs are made of answers and tests; leave out --whole"):
        answer_program("", {"id": "T/0", "mode": "command"}, whole=True)


def test_partial_samples_make_a_smaller_benchmark(tmp_path):
    samples = [sample(2, adding(2)), sample(0, adding(1))]
    run = take(tmp_path, samples, "--partial", tmp_path / "some.jsonl")
    assert "2 samples of 2 problems, 1 each; problems left out because they have no samples: 1 (T/1)" in run.stdout
    row, _ = score(tmp_path, "some.jsonl", 1)
    assert (row["problems"], row["pass@1"]) == (2, 0.5)
    assert (tmp_path / "some.jsonl").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[:2], "iteration 0: problems without a sample 1 (T/2); correct the file"),
        (lambda lines: [*lines, lines[0]], "solutions: sample 1 of 0/T/0 occurs 2 times; correct the file"),
        (
            lambda lines: [*lines, {**lines[0], "id": "0/T/9"}, {**lines[0], "sample": 2}],
            "iteration 0: unknown problems 1 (T/9); problems with another number of samples than 1: 1 (T/0); correct the file",
        ),
        (lambda lines: [], "holds no solutions"),
    ],
)
def test_missing_or_surplus_samples_have_no_score(tmp_path, change, says):
    take(tmp_path, [sample(n, adding(n)) for n in range(3)])
    score(tmp_path, "problems.jsonl", 1)
    for name in ("summary", "outcomes"):
        (tmp_path / name).unlink()
    lines = [json.loads(line) for line in (tmp_path / "solutions").read_text().splitlines()]
    (tmp_path / "solutions").write_text("".join(json.dumps(line) + "\n" for line in change(lines)))
    run = step("score_benchmark", tmp_path / "solutions", "--runs", tmp_path / "runs", "--problems", tmp_path / "problems.jsonl",
               "--models", "theirs", "--decoding", "{}", "--seed", 0, "--outcomes", tmp_path / "outcomes", "--summary",
               tmp_path / "summary")  # fmt: skip
    assert run.returncode == 1 and says in run.stderr and run.stderr.count("\n") == 1
    assert not (tmp_path / "summary").exists() and not (tmp_path / "outcomes").exists()


def test_a_program_with_a_lone_surrogate_fails_alone(tmp_path):
    """JSON permits lone surrogates, and models split characters."""
    half = "def f(x):\n    return '\ud83d'\n"
    run = take(tmp_path, [sample(0, adding(0)), sample(1, half), sample(2, adding(2) + "# ä\n")])
    assert run.returncode == 0 and run.stdout == "3 samples of 3 problems, 1 each\n", run.stderr
    row, programs = score(tmp_path, "problems.jsonl", 1)
    assert programs[1]["code"] == half and row["pass@1"] == pytest.approx(2 / 3)


def test_a_name_with_a_lone_surrogate_is_printed(tmp_path):
    problem = {**PROBLEMS[0], "id": "T/\ud83d"}
    run = take(tmp_path, [{"task_id": "T/\ud83d", "solution": ""}], problems=[problem])
    assert run.returncode == 0 and "which fail: 1 (T/\\ud83d:1)" in run.stdout, run.stderr


def test_a_broken_gzipped_file_is_a_one_line_error(tmp_path):
    path = tmp_path / "broken.gz"
    path.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff")
    run = take(tmp_path, path)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and f"{path}: cannot be read" in run.stderr


def test_a_gzipped_file_is_read_too(tmp_path):
    path = tmp_path / "theirs.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(sample(n, adding(n))) + "\n" for n in range(3)).encode()))
    assert take(tmp_path, path).stdout == "3 samples of 3 problems, 1 each\n"


ALL = [sample(number, adding(number)) for number in range(3)]
MANY = [{**PROBLEMS[0], "id": f"T/{number}"} for number in range(9)]
BARE = [{name: value for name, value in problem.items() if name != "code_prompt"} for problem in PROBLEMS]


@pytest.mark.parametrize(
    ("samples", "options", "problems", "says"),
    [
        ([*ALL, sample(9, "")], {}, PROBLEMS, "unknown problems 1 (T/9);"),
        ([*ALL, sample(9, "", "completion")], {"partial": True}, PROBLEMS, "unknown problems 1 (T/9);"),
        (ALL, {}, MANY, "problems without a sample 6 (T/3, T/4, T/5, T/6, T/7, ...);"),
        ([*ALL, ALL[1]], {}, PROBLEMS, "problems with another number of samples than 1: 1 (T/1);"),
        ([*ALL[:2], ALL[1]], {}, PROBLEMS, "problems without a sample 1 (T/2); problems with another number"),
        ([*ALL, *ALL[1:]], {"partial": True}, PROBLEMS, "problems with another number of samples than 2: 1 (T/0);"),
        ([{"task_id": "T/0"}], {}, PROBLEMS, ":1: a sample needs the text 'solution' or 'completion'"),
        ([ALL[0], {"solution": ""}], {}, PROBLEMS, ":2: a sample is an object with the text 'task_id'"),
        ([ALL[0], ["T/0"]], {}, PROBLEMS, ":2"),
        ([], {}, PROBLEMS, "holds no samples"),
        (
            [sample(0, "    return x", "completion")],
            {},
            BARE,
            ":1: a completion, but T/0 has no function head to continue",
        ),
    ],
)
def test_invalid_samples_are_a_one_line_error(tmp_path, samples, options, problems, says):
    more = ["--partial", tmp_path / "some.jsonl"] if options else []
    run = take(tmp_path, samples, *more, problems=problems)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and says in run.stderr, run.stderr
    assert run.stderr.startswith(f"error: {tmp_path / 'samples.jsonl'}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["problems.jsonl", "samples.jsonl"]
