"""Runs generated programs, each in a forked child with limits.

Started as a program of its own with an empty environment; it reads one
program a line from standard input and writes one result a line. Each child has
its own session, an empty environment, a temporary folder to work in, and limits
on time, memory, file size and processes. What is NOT covered: the child shares
the file system, the network and an interpreter that has seen its own tests;
those need namespaces and a verdict from outside.
"""

import ast
import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import types

MESSAGE_LIMIT = 300
FILE_BYTES = 16 << 20
PROCESSES = 64  # more than the user has when the runner starts: the limit counts all of them
OPEN_FILES = 64
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _describe(error):
    text = f"{type(error).__name__}: {error}"[:MESSAGE_LIMIT]
    return text.encode("ascii", "backslashreplace").decode()


def _new_main(entry_code, filename):
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(entry_code, filename, "exec"), module.__dict__)
    return module.__dict__


def _reach_end(program):
    """Mode ``run``: the program reaches its end, or leaves by SystemExit 0 or None."""
    try:
        _new_main(program["code"], "<program>")
    except SystemExit as left:
        if left.code not in (0, None):
            return {"verdict": "error", "passed": 0, "total": 1, "error": f"SystemExit: {left.code}"[:MESSAGE_LIMIT]}
    return {"verdict": "passed", "passed": 1, "total": 1, "error": None}


def _pass_tests(program):
    """Mode ``call``: assert statements, or a function check(candidate), after the program."""
    tests = ast.parse(program["tests"])
    asserts = sum(isinstance(node, ast.Assert) for node in tests.body)
    checks = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tests.body)
    total, passed = asserts + checks, 0
    if total == 0:
        return {
            "verdict": "error",
            "passed": 0,
            "total": 0,
            "error": "no test: no assert and no check(candidate)",
        }
    scope = _new_main(program.get("preamble", "") + "\n" + program["code"], "<program>")
    if program["entry_point"] not in scope:
        return {"verdict": "error", "passed": 0, "total": total, "error": f"NameError: no {program['entry_point']}"}
    try:
        for node in tests.body:
            exec(compile(ast.Module([node], []), "<tests>", "exec"), scope)
            passed += isinstance(node, ast.Assert)
        if checks:
            scope["check"](scope[program["entry_point"]])
            passed += 1
    except AssertionError as error:
        return {"verdict": "failed", "passed": passed, "total": total, "error": _describe(error)}
    except SystemExit as error:
        return {"verdict": "error", "passed": passed, "total": total, "error": _describe(error)}
    return {"verdict": "passed", "passed": passed, "total": total, "error": None}


_MODES = {"run": _reach_end, "call": _pass_tests}


def _processes_of_user():
    user, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == user:
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _limit(program, processes):
    seconds = max(1, int(-(-program["timeout"] // 1)))
    memory = program["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _child(program, folder, result, processes):
    own = os.getpid()
    os.setsid()
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.chdir(folder)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0, "r"), os.fdopen(1, "w"), os.fdopen(2, "w")
    _limit(program, processes)
    try:
        outcome = _MODES[program["mode"]](program)
    except MemoryError:
        outcome = {"verdict": "memory", "passed": 0, "total": 1, "error": "MemoryError"}
    except BaseException as error:
        outcome = {"verdict": "error", "passed": 0, "total": 1, "error": _describe(error)}
    if os.getpid() == own:  # a program that forked comes by here more than once
        os.write(result, json.dumps(outcome).encode())
    os._exit(0)


def _await(child, result, deadline):
    """What the child wrote before it ended, or None if the wall clock ended it."""
    handle, chunks = os.pidfd_open(child), []
    try:
        while True:
            ready, _, _ = select.select([handle, result], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            chunk = os.read(result, 65536) if result in ready else b""
            chunks.append(chunk)
            if handle in ready and not chunk:
                return b"".join(chunks)
            if not chunk:  # the pipe is closed and the child lives on: wait for its end alone
                ended, _, _ = select.select([handle], [], [], max(0, deadline - time.monotonic()))
                return b"".join(chunks) if ended else None
    finally:
        os.close(handle)


def _parse(message):
    """The outcome in a message, or None unless it is exactly one, well formed."""
    try:
        outcome = json.loads(message)
    except ValueError:
        return None
    whole = isinstance(outcome, dict) and outcome.keys() == {"verdict", "passed", "total", "error"}
    return outcome if whole else None


def _judge(message, status, seconds, limit):
    lost = {"passed": 0, "total": 1}
    if message is None or (os.WIFSIGNALED(status) and seconds >= limit * 0.9):
        return {"verdict": "timeout", **lost, "error": f"more than {limit:g} s"}
    if os.WIFSIGNALED(status):
        return {"verdict": "killed", **lost, "error": f"signal {os.WTERMSIG(status)}"}
    return _parse(message) or {"verdict": "error", **lost, "error": "left without reaching its end"}


def execute(program, processes):
    """Run one program and say what came of it; never raises for what the program does."""
    folder = tempfile.mkdtemp(prefix="program-")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(program, folder, writer, processes)
    os.close(writer)
    os.set_blocking(reader, False)
    message = _await(child, reader, time.monotonic() + 3 * program["timeout"] + 5)
    os.close(reader)
    if message is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    with contextlib.suppress(ProcessLookupError):  # the usual case: the child left nothing behind
        os.killpg(child, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    seconds = usage.ru_utime + usage.ru_stime
    outcome = _judge(message, status, seconds, program["timeout"])
    return {**outcome, "seconds": round(seconds, 4)}


def main():
    """Serve until standard input ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.clear()
    processes = _processes_of_user() + PROCESSES
    for line in sys.stdin:
        sys.stdout.write(json.dumps(execute(json.loads(line), processes)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
