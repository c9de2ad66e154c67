"""Programs run in processes with limits; what they do is reported, and harms nothing else."""

import pytest

from refinement.records.errors import BadInput
from refinement.sandbox.jail import STRONG
from refinement.sandbox.pool import execute_all
from scripts.engines.execute_programs import completed


def execute(code, mode="run", workers=1, **more):
    line = {"id": "p", "mode": mode, "code": code, "timeout": 1, "memory_mb": 256, **more}
    return next(iter(execute_all([line], workers)))


@pytest.mark.parametrize(
    ("code", "verdict", "error"),
    [
        ("x = 1", "passed", None),
        ("import sys; sys.exit()", "passed", None),
        ("import sys; sys.exit(0)", "passed", None),
        ("if __name__ == '__main__':\n    print(input() if False else 'main')", "passed", None),
        ("print('x' * 10_000_000)", "passed", None),
        ("import numpy", "passed", None),
        ("import sys; sys.exit(3)", "error", "SystemExit: 3"),
        ("raise SystemExit('bye')", "error", "SystemExit: bye"),
        ("1 / 0", "error", "ZeroDivisionError"),
        ("def f(:", "error", "SyntaxError"),
        ("input()", "error", "EOFError"),
        ("import no_such_package", "error", "ModuleNotFoundError"),
        ("import os; os._exit(0)", "error", "left without reaching its end"),
        ("while True: pass", "timeout", "more than 1 s"),
        ("import os\nif os.fork() == 0:\n    pass", "error", "PermissionError"),
        ("import os, time\nos.closerange(3, 64)\ntime.sleep(60)", "error", "left without reaching its end"),
        ("raise ValueError(chr(0xD800))", "error", "ValueError"),
        (
            "import threading\nthreads = [threading.Thread(target=print) for _ in range(8)]\n[t.start() for t in threads]",
            "passed",
            None,
        ),
        ("x = bytearray(1 << 30)", "memory", "MemoryError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed", "signal "),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed", "signal "),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "error", "left without"),
        ("import os; os.abort()", "killed", "signal "),
        ("import ctypes; ctypes.string_at(0)", "killed", "signal 11"),
        ("import signal, time; signal.alarm(1); time.sleep(4)", "error", "left without"),
        ("import os, signal; signal.signal(10, lambda *a: None); os.kill(os.getpid(), 10)", "passed", None),
    ],
)
def test_what_executable_means(code, verdict, error):
    result = execute(code, memory_mb=1024) if "numpy" in code else execute(code)
    assert result["verdict"] == verdict, result
    assert (result["error"] or "").startswith(error or "")
    assert result["isolation"] in STRONG and result["mode"] == "run"


def call(code, tests):
    return execute(code, "call", entry_point="f", tests=tests)


@pytest.mark.parametrize(
    ("code", "tests", "verdict", "passed"),
    [
        ("def f(x): return x + 1", "assert f(1) == 2\nassert f(2) == 3", "passed", 2),
        ("def f(x): return 2", "assert f(1) == 2\nassert f(2) == 3", "failed", 1),
        ("def f(x): return x / 0", "assert f(1) == 2", "error", 0),
        ("def g(x): return x", "assert f(1) == 1", "error", 0),
        ("def f(x): return x", "def check(candidate):\n    assert candidate(1) == 1", "passed", 1),
        ("def f(x): return 0", "def check(candidate):\n    assert candidate(1) == 1", "failed", 0),
        ("def f(x):\n    import sys; sys.exit(0)", "assert f(1) == 1", "error", 0),
        ("def f(x):\n    import os; os._exit(0)", "assert f(1) == 1", "error", 0),
        ("def f(x):\n    while True: pass", "assert f(1) == 1", "timeout", 0),
    ],
)
def test_functions_under_assertions(code, tests, verdict, passed):
    result = call(code, tests)
    assert (result["verdict"], result["passed"]) == (verdict, passed)


def test_a_program_sees_no_environment_and_writes_into_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    code = "import os\nassert 'SECRET_TOKEN' not in os.environ\nopen('here', 'w').write('x')\nassert os.listdir() == ['here']"
    assert execute(code)["verdict"] == "passed"
    assert execute("import os\nassert os.listdir() == []")["verdict"] == "passed"


def test_a_file_too_large_is_not_written():
    assert execute("open('big', 'wb').write(b'x' * (64 << 20))")["verdict"] in ("error", "killed")


def test_one_program_does_not_see_another():
    lines = [
        {"id": "1", "mode": "run", "code": "import builtins; builtins.leak = 1", "timeout": 1, "memory_mb": 256},
        {"id": "2", "mode": "run", "code": "import builtins; assert not hasattr(builtins, 'leak')", "timeout": 1, "memory_mb": 256},
    ]  # fmt: skip
    assert [run["verdict"] for run in execute_all(lines, workers=1)] == ["passed", "passed"]


def test_strings_hash_alike_in_every_runner():
    code = "assert list({'alpha', 'beta', 'gamma', 'delta'})[0] == 'beta'"
    verdicts = {execute(code)["verdict"] for _ in range(6)}
    assert len(verdicts) == 1


@pytest.mark.parametrize(
    ("tests", "fault"),
    [
        ("x = 1", "hold neither an assert nor a check"),
        ("assert f(1) ==", "do not compile"),
    ],
)
def test_tests_that_test_nothing_are_the_benchmarks_fault(tests, fault):
    with pytest.raises(BadInput, match=f"program p: its tests {fault}.*benchmark's fault"):
        call("def f(x): return x", tests)


@pytest.mark.parametrize(
    ("tests", "fault"),
    [
        ("def test_f():\n    assert f(2) == 4", "the tests never asked anything of the program"),
        ("async def check(candidate):\n    assert candidate(2) == 4", "the tests never asked anything of the program"),
        ("def check(candidate):\n    yield\n    assert candidate(2) == 4", "TypeError: check is a coroutine"),
    ],
)
@pytest.mark.parametrize("code", ["def f(x): return x * x", "def f(x): return 0"])
def test_tests_that_never_ask_pass_nothing(code, tests, fault):
    result = call(code, tests)
    assert result["verdict"] == "error" and result["passed"] == 0
    assert result["error"].startswith(fault)


def test_results_keep_their_order_whatever_the_workers():
    lines = [
        {"id": str(n), "mode": "run", "code": f"assert {n} % 3", "timeout": 1, "memory_mb": 256} for n in range(60)
    ]
    found = [(run["id"], run["verdict"]) for run in execute_all(lines, workers=3)]
    assert found == [(str(n), "passed" if n % 3 else "error") for n in range(60)]


def test_bad_input():
    with pytest.raises(BadInput, match="at least one worker"):
        list(execute_all([], 0))
    with pytest.raises(BadInput, match="program p: mode call needs 'entry_point'"):
        execute("x = 1", "call", tests="assert True")


def test_a_program_among_the_known_runs_is_not_run_again():
    programs = [{"id": name, "mode": "run", "code": "1 / 0", "timeout": 1, "memory_mb": 256} for name in "abc"]
    known = {"b": {"id": "b", "verdict": "passed"}}
    found = [(run["id"], run["verdict"]) for run in completed(programs, known, 2)]
    assert found == [("a", "error"), ("b", "passed"), ("c", "error")]
