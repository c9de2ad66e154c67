"""The command that executes a file of programs: resuming, modes, bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refinement.records.errors import BadInput
from refinement.sandbox import pool
from support.processes import descendants
from support.workflow import ROOT


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def runs_of(count, seconds=0.0):
    code = f"import time\ntime.sleep({seconds})"
    return [{"id": str(n), "mode": "run", "code": f"{code}\nassert {n} % 5"} for n in range(count)]


def command(programs, output, *more):
    script = ROOT / "scripts/engines/execute_programs.py"
    return [sys.executable, str(script), str(programs), "--output", str(output), "--workers", "2", *more]


def execute(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL)


def outcomes(path):
    return [(run["id"], run["verdict"]) for run in map(json.loads, path.read_text().splitlines())]


def wait_for_lines(path, count):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    pytest.fail(f"{path}: no {count} lines")


def test_a_killed_command_goes_on_where_it_was_and_leaves_nothing_behind(tmp_path):
    programs, output = write(tmp_path / "programs.jsonl", runs_of(400, 0.02)), tmp_path / "runs.jsonl"
    journal = tmp_path / "runs.jsonl.journal"
    before = descendants()
    first = subprocess.Popen(command(programs, output), stderr=subprocess.DEVNULL)
    wait_for_lines(journal, 60)
    mine = descendants() - before - {first.pid}
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    deadline = time.monotonic() + 10
    while (left := {pid for pid in mine if Path(f"/proc/{pid}").exists()}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mine and left == set()
    assert not output.exists()
    kept = journal.read_bytes()
    kept = kept[: kept.rindex(b"\n") + 1]
    journal.write_bytes(kept + b"a line cut sho")
    finished = [json.loads(line[25:]) for line in kept.splitlines()]
    again = execute(programs, output)
    assert again.returncode == 0, again.stderr
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert found[: len(finished)] == finished, "finished lines are taken over, their seconds included"
    assert outcomes(output) == [(str(n), "passed" if n % 5 else "error") for n in range(400)]
    assert not journal.exists()


def test_a_journal_of_other_programs_is_not_believed(tmp_path):
    output, journal = tmp_path / "runs.jsonl", tmp_path / "runs.jsonl.journal"
    programs = write(tmp_path / "programs.jsonl", runs_of(3))
    journal.write_text(f"{'0' * 24} " + json.dumps({"id": "0", "verdict": "passed"}) + "\n")
    assert execute(programs, output).returncode == 0
    assert outcomes(output) == [("0", "error"), ("1", "passed"), ("2", "passed")]


def command_line(**more):
    return {"id": "p", "mode": "command", "language": "sh", "files": {}, "run": ["true"], **more}


CALL = {"id": "p", "mode": "call", "code": "def f(x): return x", "entry_point": "f", "tests": "assert f(1) == 1"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "programs.jsonl:1: not JSON"),
        (json.dumps({**CALL, "mode": "guess"}), "'mode' of a program must be one of run, call"),
        (json.dumps({**CALL, "tests": "assert f(1) =="}), "its tests do not compile"),
        (json.dumps({**CALL, "tests": "f(1)"}), "neither an assert nor a check"),
        (json.dumps({"id": "p", "mode": "call", "code": "x = 1"}), "mode call needs 'entry_point'"),
        (json.dumps({"id": "p", "mode": "run"}), "mode run needs 'code'"),
        (json.dumps({"id": "p", "mode": "stdio", "code": "", "cases": []}), "no cases"),
        (json.dumps({"id": "p", "mode": "stdio", "code": "", "cases": [{"stdin": 1}]}), "case 1 lacks"),
        (json.dumps({"id": "p", "mode": "unittest", "code": "", "tests": "x = 1"}), "no class of tests"),
        (
            json.dumps({"id": "p", "mode": "command", "language": "sh", "files": {"../x": ""}, "run": ["sh"]}),
            "relative",
        ),
        (json.dumps({"id": "p", "mode": "command", "language": "sh", "files": {}, "run": "sh x"}), "must be a list"),
        (json.dumps(command_line(files={"": ""})), "the name of file '' must be relative"),
        (json.dumps(command_line(files={"a\0": ""})), "the name of file 'a\\x00' must be relative, without NUL"),
        (json.dumps(command_line(files={"\ud800": ""})), "the name of file '\\ud800' must be relative, without NUL"),
        (json.dumps(command_line(files={"a": "\0"})), "file 'a' must be a text without NUL"),
        (json.dumps(command_line(files={"a": "x\udfff"})), "file 'a' must be a text without NUL"),
        (json.dumps(command_line(files={"a": "", "a/b": ""})), "file 'a/b' lies below another one"),
        (json.dumps(command_line(run=["sh", "a\0"])), "'run' must be a list of words"),
        (json.dumps({**CALL, "timeout": 0}), "must be above 0"),
        (json.dumps({**CALL, "timeout": float("nan")}), "timeout must be above 0 and at most"),
        (json.dumps({**CALL, "timeout": float("inf")}), "timeout must be above 0 and at most"),
        (json.dumps({**CALL, "memory_mb": 10**14}), "memory_mb at most"),
        (json.dumps({**CALL, "tests": "assert True\nreturn 5"}), "its tests do not compile ('return' outside"),
        (json.dumps({**CALL, "preamble": "def g(:"}), "its preamble does not compile"),
        (json.dumps({**CALL, "inputs": {"a": "/no/such/file"}}), "there is no /no/such/file"),
        (json.dumps({**CALL, "inputs": {"": __file__}}), "the name of input '' must be relative"),
        (json.dumps({**CALL, "inputs": {".": __file__}}), "the name of input '.' must be relative"),
        (json.dumps({**CALL, "inputs": {"../a": __file__}}), "the name of input '../a' must be relative"),
        (json.dumps({**CALL, "inputs": {"a": __file__, "a/b": __file__}}), "input 'a/b' lies below another one"),
        (json.dumps({**CALL, "inputs": {"a": __file__, "./a": __file__}}), "input './a' stands twice"),
    ],
)
def test_bad_lines_end_in_one_clear_line_and_no_output(tmp_path, line, message):
    (tmp_path / "programs.jsonl").write_text(line + "\n")
    ended = execute(tmp_path / "programs.jsonl", tmp_path / "runs.jsonl")
    assert ended.returncode == 1
    assert message in ended.stderr.splitlines()[-1] and ended.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "runs.jsonl").exists()


def test_python_may_be_called_by_a_path_that_goes_up(tmp_path):
    programs, output = write(tmp_path / "programs.jsonl", runs_of(2)), tmp_path / "runs.jsonl"
    line = [os.path.relpath(sys.executable, tmp_path), *command(programs, output)[1:]]
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    tiers = {json.loads(line)["isolation"] for line in output.read_text().splitlines()}
    assert tiers == {judge(mode="run", code="x = 1")["isolation"]}, "no weaker one in its place"


def test_no_workers(tmp_path):
    ended = execute(write(tmp_path / "programs.jsonl", runs_of(1)), tmp_path / "runs.jsonl", "--workers", "0")
    assert ended.returncode == 1 and "at least one worker" in ended.stderr


def test_a_tier_that_cannot_be_had_is_refused_and_never_replaced_by_a_weaker_one(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadInput, match="isolation bubblewrap: not to be had here .bubblewrap: bwrap is not installed"):
        pool.first_worker("bubblewrap")
    monkeypatch.setattr(pool, "_try_out", lambda worker: "no")
    with pytest.raises(BadInput, match="isolation auto: not to be had here .bubblewrap: no; namespaces: no"):
        pool.first_worker("auto")


def judge(**line):
    return next(iter(pool.execute_all([{"id": "p", "timeout": 5, "memory_mb": 512, **line}], 1)))


@pytest.mark.parametrize(
    ("code", "cases", "verdict", "passed"),
    [
        ("print(int(input()) + 1)", [("1\n", "2\n"), ("5", "6  \n\n")], "passed", 2),
        ("print(int(input()) + 1)", [("1\n", "2\n"), ("5", "7")], "failed", 1),
        ("import sys\nprint(sys.stdin.read().upper())\nsys.exit()", [("ä\nb", "Ä\nB")], "passed", 1),
        ("print(2)\n1 / 0", [("", "2")], "error", 0),
        ("import os\nprint(2, flush=True)\nos._exit(0)", [("", "2")], "passed", 1),
        ("import os\nprint(2, flush=True)\nos._exit(3)", [("", "2")], "error", 0),
        ("import os\nos._exit(0)", [("", "2")], "failed", 0),
        ("while True: print('x' * 65536)", [("", "2")], "output", 0),
        ("open('3', 'w')", [("", "")], "passed", 1),
    ],
)
def test_whole_programs_by_what_they_write(code, cases, verdict, passed):
    lines = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in cases]
    found = judge(mode="stdio", code=code, cases=lines)
    assert (found["verdict"], found["passed"], found["total"]) == (verdict, passed, len(cases)), found


TESTS = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(2), 4)\n    def test_b(self): self.assertEqual(f(3), 9)"


@pytest.mark.parametrize(
    ("code", "verdict", "passed"),
    [
        ("def f(x): return x * x", "passed", 2),
        ("def f(x): return 4", "failed", 1),
        ("def f(x): return x / 0", "error", 0),
        ("import os\nos._exit(0)", "error", 0),
        ("import sys\ndef f(x): sys.exit(0)", "error", 0),
        ("import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f(x): return 0", "failed", 0),
        ("import unittest\ndef f(x):\n    unittest.TestCase.assertEqual = lambda *a: None\n    return 0", "error", 0),
        (
            "import unittest.case\ncode = (lambda *a, **k: None).__code__\ndef f(x):\n    unittest.case.TestCase.assertEqual.__code__ = code\n    return 0",
            "error",
            0,
        ),
        ("import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass", "error", 0),
        ("import subprocess\ndef f(x): return int(subprocess.check_output(['echo', str(x * x)]))", "passed", 2),
        (
            "from multiprocessing import Pool\ndef g(x): return x * x\ndef f(x):\n    with Pool(2) as pool: return pool.map(g, [x])[0]",
            "passed",
            2,
        ),
    ],
)
def test_programs_and_their_tests_in_one_interpreter(code, verdict, passed):
    found = judge(mode="unittest", code=code, tests=TESTS)
    assert (found["verdict"], found["passed"]) == (verdict, passed), found
    assert found["integrity"] == "inside"


PARTS = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(0), 0)\n    def test_b(self):\n        for x in range(1, 6):\n            with self.subTest(x=x): self.assertEqual(f(x), x * x)"
SET_UP = "import unittest\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.value = f(2)\n    def test_a(self): self.assertEqual(self.value, 4)"
END = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    @classmethod\n    def tearDownClass(cls): f(2)"


@pytest.mark.parametrize(
    ("code", "tests", "verdict", "passed", "total", "error"),
    [
        ("def f(x): return x * x", PARTS, "passed", 2, 2, None),
        ("def f(x): return 0", PARTS, "failed", 1, 2, "AssertionError: 0 != 1"),
        ("def f(x): return 1 // x", PARTS, "failed", 0, 2, "AssertionError: 0 != 4"),
        ("def f(x): return x / 0", PARTS, "error", 0, 2, "ZeroDivisionError: division by zero"),
        ("import unittest\ndef f(x):\n    if x > 1: raise unittest.SkipTest('no')\n    return x", PARTS, "error", 1, 2, "skipped: no"),
        ("def f(x): return x * x", SET_UP, "passed", 1, 1, None),
        ("def f(x): return x / 0", SET_UP, "error", 0, 1, "ZeroDivisionError: division by zero"),
        ("import unittest\ndef f(x): raise unittest.SkipTest('no')", SET_UP, "error", 0, 1, "skipped: no"),
        ("def f(x): return x / 0", END, "error", 1, 2, "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_parts_of_a_test_that_fail_are_one_test_and_the_set_up_of_a_class_another(
    code, tests, verdict, passed, total, error
):
    found = judge(mode="unittest", code=code, tests=tests)
    assert tuple(found[name] for name in ("verdict", "passed", "total", "error")) == (verdict, passed, total, error)


@pytest.mark.parametrize(
    ("files", "compile_", "run", "verdict"),
    [
        ({"a.sh": "test $((1 + 1)) = 2"}, None, ["sh", "a.sh"], "passed"),
        ({"a.sh": "exit 3"}, None, ["sh", "a.sh"], "failed"),
        ({"a.sh": "if then"}, ["sh", "-n", "a.sh"], ["sh", "a.sh"], "error"),
        ({"src/a.sh": "kill -9 $PPID; kill -9 1; exit 1"}, None, ["sh", "src/a.sh"], "killed"),
        ({"a.sh": 'echo \'{"stage": "run", "status": 0}\' >&3; exit 1'}, None, ["sh", "a.sh"], "failed"),
        ({"a.sh": "cat /proc/1/environ /proc/1/mem >/dev/null && exit 0; exit 1"}, None, ["sh", "a.sh"], "failed"),
        ({}, None, ["no-such-compiler"], "error"),
        ({"a.sh": "while :; do :; done"}, None, ["sh", "a.sh"], "timeout"),
    ],
)
def test_programs_of_other_languages(files, compile_, run, verdict):
    line = {"language": "sh", "files": files, "compile": compile_, "run": run, "timeout": 2}
    found = judge(mode="command", **line)
    assert found["verdict"] == verdict, found


def test_inputs_are_there_read_only_and_not_another_programs(tmp_path):
    (tmp_path / "data.csv").write_text("1,2")
    code = (
        "import os\nassert open('in/data.csv').read() == '1,2'\n"
        "try:\n    open('in/data.csv', 'w')\n    raise SystemExit(1)\nexcept OSError: pass\n"
        "assert not os.path.exists('/inputs') or os.listdir('/inputs') == []"
    )
    assert judge(mode="run", code=code, inputs={"in/data.csv": str(tmp_path / "data.csv")})["verdict"] == "passed"
    assert (tmp_path / "data.csv").read_text() == "1,2"
    assert judge(mode="run", code="import os\nassert os.listdir() == []")["verdict"] == "passed"


def test_memory_that_processes_share_is_there_without_processes():
    code = "import multiprocessing\nwith multiprocessing.Lock(): pass"
    assert judge(mode="run", code=code)["verdict"] == "passed"


def test_repeats_give_a_time_each():
    found = judge(mode="run", code="sum(range(10_000))", repeats=3)
    assert len(found["seconds"]) == 3 and all(seconds > 0 for seconds in found["seconds"])


def test_what_a_preamble_defines_is_the_tests_own():
    preamble = "class Node:\n    def __init__(self, v, n=None): self.v, self.n = v, n\n    def __eq__(self, o): return isinstance(o, Node) and (self.v, self.n) == (o.v, o.n)\ndef encode(x): return x[::-1]"
    honest = "def f(x): return x[::-1]\ndef g(n): return Node(n.v + 1, n.n and g(n.n))"
    tests = "assert f(encode('abc')) == 'abc'\nassert g(Node(1, Node(2))) == Node(2, Node(3))\nn = Node(1)\nn.n = n\nassert n.n is n"
    line = {"mode": "call", "entry_point": "f", "tests": tests, "preamble": preamble}
    assert judge(code=honest, **line)["verdict"] == "passed"
    assert judge(code="def encode(x): return x\ndef f(x): return x\ndef g(n): return n", **line)["verdict"] == "failed"


def test_programs_of_one_worker_cannot_leave_each_other_anything():
    places = "('/', '/dev', '/dev/shm', '/tmp', '/inputs', '/proc', '/old', '/etc', '/usr')"
    write_ = f"for place in {places}:\n    try: open(place + '/left', 'w').close()\n    except OSError: pass"
    read = f"import os\nassert not any(os.path.exists(place + '/left') for place in {places})"
    lines = [
        {"id": name, "mode": "run", "code": code, "timeout": 5, "memory_mb": 256}
        for name, code in (("w", write_), ("r", read))
    ]
    assert [run["verdict"] for run in pool.execute_all(lines, 1)] == ["passed", "passed"]


def test_a_dead_server_is_replaced_and_a_program_that_ends_it_twice_is_killed(monkeypatch):
    from refinement.sandbox import worker

    lines = [{"id": str(n), "mode": "run", "code": "x = 1", "timeout": 5, "memory_mb": 256} for n in range(6)]
    hear, deaths = worker.ForkServerHandle._hear, []

    def die_with_the_third(self):
        found = hear(self)
        if "by" in found and len(deaths) < 2 and die_with_the_third.heard >= 4:
            deaths.append(self)
            self._process.kill()
            raise worker.ServerDied("killed by the test")
        die_with_the_third.heard += "by" in found
        return found

    die_with_the_third.heard = 0
    monkeypatch.setattr(worker.ForkServerHandle, "_hear", die_with_the_third)
    verdicts = [run["verdict"] for run in pool.execute_all(lines, 1)]
    assert len(deaths) == 2 and sorted(verdicts) == ["killed"] + ["passed"] * 5
