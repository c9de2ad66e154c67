"""Programs that cheat or attack are judged honestly, and harm nothing (docs/sandbox.md)."""

import os
import socket
import threading
import uuid
from pathlib import Path

import pytest

from refinement.sandbox import jail
from refinement.sandbox.pool import execute_all, probe
from support import hostile
from support.processes import descendants
from support.workflow import ROOT

HONEST = {"mode": "call", "code": "def f(x): return x * x", "entry_point": "f", "tests": hostile.TESTS}
UNITTEST = "import unittest\nclass T(unittest.TestCase):\n    def test_f(self): self.assertEqual(f(2), 4)"


def calls(programs, tests=hostile.TESTS):
    return {name: {"mode": "call", "code": code, "entry_point": "f", "tests": tests} for name, code in programs.items()}


def outputs(programs, calls=((2,), (3,), (-7,)), expected=(4, 9, 49)):
    line = {
        "mode": "outputs",
        "entry_point": "f",
        "calls": list(map(list, calls)),
        "expected": list(expected),
        "oracle": "exact",
        "limits": 0.3,
    }
    return {name: {**line, "code": code} for name, code in programs.items()}


GROUPS = {
    "exits": calls(hostile.EXITS), "equals": calls(hostile.EQUALS), "peeks": calls(hostile.PEEKS),
    "forgeries": calls(hostile.FORGERIES), "attacks": calls(hostile.ATTACKS), "leaks": calls(hostile.LEAKS, hostile.LEAK),
    "outputs": {
        **outputs({**hostile.EXITS, **hostile.EQUALS, **hostile.OUTPUTS}),
        **outputs({name: code for name, code in hostile.FORGERIES.items() if "sleep" not in code}),  # it only waits here
        **outputs({"read outside": hostile.LEAKS["read outside"]}, [(0,)], [hostile.SECRET]),
        **outputs({name: code for name, code in hostile.ATTACKS.items() if "memory" in name or "value" in name or "wiped" in name}),
    },
    "outputs of floats": {
        name: {**line, "oracle": "evalplus", "expected": [4.0, 9.0, 49.0],
               "oracle_settings": {"dataset": "humaneval", "entry_point": "f", "atol": 1e-6, "parts": [3]}}
        for name, line in outputs({**hostile.EQUALS, "nan": hostile.OUTPUTS["nan"], "array": hostile.OUTPUTS["array of nothing"]}).items()
    },
    "insiders": {name: calls({name: code}, tests)[name] for name, (code, tests) in hostile.INSIDERS.items()},
    "unittests": {name: {"mode": "unittest", "code": code, "tests": UNITTEST} for name, code in hostile.UNITTESTS.items()},
    "runs": {name: {"mode": "run", "code": code} for name, code in hostile.RUNS.items()},
}  # fmt: skip
# Documented in docs/sandbox.md: what tiers without namespaces let through.
PASSES_BELOW = {
    jail.LANDLOCK: {"abstract socket", "socket in a file", "the project"},
    jail.LIMITS: {"abstract socket", "read outside", "root of another process", "socket in a file", "the project"},
}
# Where others' files hold the answer and can be read, as a machine that ran other tests may have them.
MAY_PASS = {jail.LANDLOCK: set(), jail.LIMITS: {"files nearby"}}
# They would really do it to the machine that tests.
NOT_BELOW = {"write into the system", "remount", "delete outside", "settings of the kernel", "many forks"}


class Outside:
    """What programs should not reach: a secret file, two listeners, an environment variable."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.visits = folder, []
        (folder / "secret").write_text(hostile.SECRET)
        monkeypatch.setenv("HARNESS_SECRET", hostile.SECRET)
        self.abstract = f"harness-{os.getpid()}-{uuid.uuid4().hex[:12]}"  # a name just given back may still be taken
        self._listeners = [socket.create_server(("127.0.0.1", 0))]
        for name in (f"\0{self.abstract}", str(folder / "socket")):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(name)
            listener.listen()
            self._listeners.append(listener)
        for listener in self._listeners:
            threading.Thread(target=self._answer, args=(listener,), daemon=True).start()

    def _answer(self, listener):
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            self.visits.append(listener.family)
            visitor.send(hostile.SECRET.encode())
            visitor.close()

    def fill(self, code):
        """The program, aimed at this place."""
        values = {"{outside}": str(self.folder), "{port}": str(self._listeners[0].getsockname()[1]),
                  "{abstract}": self.abstract, "{secret!r}": repr(hostile.SECRET), "{project!r}": repr(str(ROOT / "Snakefile"))}  # fmt: skip
        for name, value in values.items():
            code = code.replace(name, value)
        return code

    def unharmed(self):
        """Whether all is as it was."""
        files = {path.name for path in self.folder.iterdir()}
        return files == {"secret", "socket"} and (self.folder / "secret").read_text() == hostile.SECRET

    def close(self):
        """Stop listening."""
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept, or the name would stay taken
            listener.close()


@pytest.fixture
def outside(tmp_path, monkeypatch):
    place = Outside(tmp_path, monkeypatch)
    yield place
    place.close()


def lines_of(group, tier, outside):
    """The hostile programs of a group, each followed by an honest one."""
    for name, line in GROUPS[group].items():
        if name in NOT_BELOW and tier not in jail.STRONG:
            continue
        yield {**line, "id": name, "code": outside.fill(line["code"]), "timeout": 1, "memory_mb": 256}
        yield {"id": f"after {name}", "timeout": 5, "memory_mb": 256, **HONEST}


def judge(group, tier, outside):
    """Verdicts by name; fails where an honest program is not passed or something is left behind."""
    before = descendants()
    found = {run["id"]: run for run in execute_all(lines_of(group, tier, outside), 2, tier)}
    assert {name: run for name, run in found.items() if name.startswith("after ") and run["verdict"] != "passed"} == {}
    assert descendants() <= before
    assert not any(Path(name).exists() for name in ("/usr/hostile", "/etc/hostile", "/hostile", "/usr/lib/hostile"))
    return {name: run for name, run in found.items() if not name.startswith("after ")}


def test_there_are_enough_of_them():
    assert sum(map(len, GROUPS.values())) >= 60


@pytest.mark.parametrize("tier", jail.STRONG)
@pytest.mark.parametrize("group", GROUPS)
def test_no_hostile_program_passes_or_does_harm(group, tier, outside):
    if fault := probe(tier):
        pytest.skip(f"{tier}: {fault}")
    found = judge(group, tier, outside)
    assert {name: run for name, run in found.items() if run["verdict"] == "passed"} == {}
    assert outside.unharmed() and outside.visits == []


@pytest.mark.faults
@pytest.mark.parametrize("tier", sorted(set(jail.TIERS) - set(jail.STRONG)))
def test_what_weaker_tiers_let_through_is_what_the_documentation_says(tier, outside):
    if fault := probe(tier):
        pytest.skip(f"{tier}: {fault}")
    passed = {
        name for group in GROUPS for name, run in judge(group, tier, outside).items() if run["verdict"] == "passed"
    }
    assert PASSES_BELOW[tier] <= passed <= PASSES_BELOW[tier] | MAY_PASS[tier]
    text = (ROOT / "docs/sandbox.md").read_text()
    assert all(f"`{name}`" in text for name in PASSES_BELOW[tier] | MAY_PASS[tier])
