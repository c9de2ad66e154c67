"""A process that keeps Python and common modules loaded, and forks.

A worker has such a server in its jail, which forks a child for each program,
and another outside, whose children run the tests. Requests come over a socket
on descriptor 0, with the descriptors that the child is to have. A server holds
no secret that a child could find: code and tests go to the child itself.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from refinement.sandbox import confine, jail
from refinement.sandbox.channel import Channel
from refinement.sandbox.modes import MODES
from refinement.sandbox.outcome import FILE_BYTES

ROOM = 64 << 20  # bytes of files that a program may keep
PROCESSES = 64  # threads and processes of a program
ENDING = 1.0  # seconds until a program that hung up is ended, if it does not end by itself
# Modules that a jail's server loads for its programs.
_COMMON = [
    "bisect",
    "collections",
    "copy",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "typing",
    "dataclasses",
    "enum",
    "io",
    "unittest",
]
_TESTS_NEED = (
    "refinement.sandbox.tester",
    "refinement.sandbox.comparison",
    "copy",
    "itertools",
    "math",
    "random",
    "re",
)
_PRELOADED = {
    "bare": (),
    "heavy": ("numpy", "numpy.testing", "pandas"),
    "evalplus": ("evalplus.eval",),  # for a tester's oracle
}


def _arrange(descriptors: list[int]) -> int:
    """Put a child's descriptors in their places, close all others, and return the channel's.

    0, 1 and 2 are its standard streams, 3 its channel, 4 the server's own errors.
    """
    os.dup2(2, 199, inheritable=False)
    high = [os.dup2(number, 200 + place, inheritable=False) for place, number in enumerate(descriptors)]
    channel, *standard = high
    for target, number in enumerate([*standard, channel, 199]):
        os.dup2(number, target, inheritable=target < 3)
    os.closerange(5, 1 << 20)
    return 3


def _open_streams() -> None:
    """Open Python's standard streams on descriptors 0, 1 and 2, which are other files in each child."""
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def _forget() -> None:
    """Take this package and its settings out of programs' sight; here, since in each child it would copy memory."""
    sys.path[:] = [path for path in sys.path if path != jail.ENVIRONMENT["PYTHONPATH"]]
    for name in [name for name in sys.modules if name.partition(".")[0] == "refinement"]:
        del sys.modules[name]
    sys.argv = [""]
    os.environ.clear()
    os.environ.update({name: jail.ENVIRONMENT[name] for name in ("PATH", "LANG", "HOME")})


def _seed_generators() -> None:
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)


class ForkServer:
    """Forks a child for each request, one at a time. ``role``: jail or tester; ``tier``: the jail's."""

    def __init__(self, role: str, tier: str) -> None:
        self._role, self._tier = role, tier
        self._user, self._group = os.geteuid(), os.getegid()
        with open("/proc/self/statm") as file:
            self._mapped = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        self._control = socket.socket(fileno=os.dup(0))
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.close(null)
        self._strong = role == "jail" and tier in jail.STRONG
        self._others = 0 if self._strong else _processes_of_user()  # which count for a program's limit as well
        self._inputs = os.environ[jail.INPUTS]

    def _be_program(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """In a jail's child: confine this process, then execute a program in it."""
        own = os.getpid()
        channel = Channel(socket.socket(fileno=_arrange(descriptors)))
        os.setsid()  # else a signal to its process group would reach the harness, even out of namespaces
        if self._strong:
            jail.enter_program(self._user, self._group, ROOM, request["inputs"])
        else:
            os.chdir(request["folder"])
            os.environ["HOME"] = os.environ["TMPDIR"] = request["folder"]
            tempfile.tempdir = None
            for name, held in request["inputs"].items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(self._inputs, held), name)
                Path(name).chmod(0o444)
        memory = request["memory_mb"] << 20
        if request["address_space"]:
            memory += self._mapped
        confine.limit(request["timeout"], memory, FILE_BYTES, PROCESSES + self._others, request["address_space"])
        if self._tier == jail.LANDLOCK:
            confine.restrict_files(jail.readable(), [str(Path.cwd()), "/dev/null"])
        confine.drop_capabilities()
        confine.hide_memory()
        if self._strong:
            confine.mind_signals()
        own_network = self._strong and request["processes"]  # its namespace holds nothing but loopback
        confine.filter_program_calls(request["processes"], own_network, None if self._strong else own)
        os.close(4)
        job = channel.receive()
        run_in_jail = MODES[job["mode"]].run_in_jail
        _seed_generators()
        run_in_jail(job, channel)
        channel.close()

    def _be_tests(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """In a tester's child: run the tests of a program, whose channel is the first descriptor."""
        program = descriptors.pop(0)
        kept = os.dup2(program, 300, inheritable=False)
        result = Channel(socket.socket(fileno=os.dup2(descriptors.pop(0), 301, inheritable=False)))
        null = os.open(os.devnull, os.O_RDWR)
        for target in (0, 1, 2):
            os.dup2(null, target)
        confine.limit(request["timeout"], 4 * (request["memory_mb"] << 20) + self._mapped, FILE_BYTES, 1 << 16)
        job = result.receive()
        result.send(MODES[job["mode"]].run_tests(job, Channel(socket.socket(fileno=kept))))

    def _child(self, request: dict[str, Any], descriptors: list[int]) -> NoReturn:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._control.detach()
            (self._be_program if self._role == "jail" else self._be_tests)(request, descriptors)
        except BaseException as error:
            with contextlib.suppress(OSError):  # descriptor 4 is closed before a program is executed
                os.write(4 if self._role == "jail" else 2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(70)
        os._exit(0)

    def _await(self, child: int, request: dict[str, Any]) -> str:
        """Who ended the child: itself, cpu, wall, asked, or gone where the harness has hung up."""
        handle, clock = os.pidfd_open(child), (~child << 3) | 2
        deadline = time.monotonic() + request["wall"]
        try:
            while True:
                left = min(request["timeout"] - _clock(clock), deadline - time.monotonic())
                ready, _, _ = select.select([handle, self._control], [], [], max(left, 0.001))
                if handle in ready:
                    return "itself"
                if ready:
                    word = self._control.recv(16)
                    if word == b"closed" and select.select([handle], [], [], ENDING)[0]:
                        return "itself"
                    return "asked" if word else "gone"
                if _clock(clock) >= request["timeout"]:
                    return "cpu"
                if time.monotonic() >= deadline:
                    return "wall"
        finally:
            os.close(handle)

    def _end(self, child: int) -> tuple[int, float]:
        """Exit status and CPU seconds of the child; outside PID namespaces, end the processes that it started."""
        _, status, usage = os.wait4(child, 0)
        if not self._strong and self._role == "jail":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:
                    for orphan in _children():
                        os.kill(orphan, signal.SIGKILL)
                    os.wait()
        return status, usage.ru_utime + usage.ru_stime

    def _fork(self) -> int:
        return confine.fork_into(confine.PER_PROGRAM) if self._strong else os.fork()

    def serve(self) -> None:
        """Fork a child for each request, until the harness hangs up."""
        if not self._strong:
            confine.adopt_orphans()
        if self._role == "jail":
            confine.filter_server_calls()
            _open_streams()
            _forget()
        gc.collect()
        gc.freeze()
        self._control.send(b"{}")
        while True:
            body, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 8)
            if not body:
                return
            if not descriptors:
                continue  # a "stop" that came after the child had ended by itself
            request = json.loads(body)
            folder = None
            if self._role == "jail" and not self._strong:
                folder = request["folder"] = tempfile.mkdtemp(prefix="program-")
            child = self._fork()
            if child == 0:
                self._child(request, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            by = self._await(child, request)
            if by != "itself":
                os.kill(child, signal.SIGKILL)
            status, seconds = self._end(child)
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
            if by == "gone":
                return
            self._control.send(json.dumps({"by": by, "status": status, "seconds": seconds}).encode())


def _clock(clock: int) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0  # the process has just ended, which its descriptor will tell


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return list(map(int, file.read().split()))


def _processes_of_user() -> int:
    """Number of this user's threads, all of which count for RLIMIT_NPROC."""
    user, count = os.getuid(), 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
    return count


def main(role: str, tier: str, preload: str) -> None:
    """Enter the jail, load the modules that children use, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the harness, which then hangs up
    if role == "jail" and tier == jail.NAMESPACES:
        jail.enter_namespaces(os.environ[jail.BASE], os.environ[jail.INPUTS])
    if role == "jail" and tier in jail.STRONG:
        confine.become_nobody()
        confine.drop_capabilities()
    for name in (*(_COMMON if role == "jail" else _TESTS_NEED), *_PRELOADED[preload]):
        importlib.import_module(name)
    ForkServer(role, tier).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
