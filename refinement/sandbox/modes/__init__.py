"""The modes: how a program is tested. Each is a module of its own, imported and listed here, which declares

``ANSWER_FIELDS``: what a program line must or may bring itself; ``TEST_FIELDS``:
what it or its problem must or may bring; ``INTEGRITY``: OUTSIDE where the
program cannot reach what makes the verdict, else INSIDE; ``PROCESSES``:
whether the program may fork and exec;

and defines ``check(program)``, which raises ValueError for a line that cannot
be tested, the benchmark's fault; ``run_in_jail(job, channel)``, which executes
the program in a child of the jail's fork server; ``judge(program, worker)``,
which has that done and returns the Outcome. A mode whose judge starts a child
of the tester's fork server also has ``run_tests(job, channel)``, which returns
what that child tells: a mapping.
"""

from types import ModuleType

from refinement.sandbox.modes import call, command, outputs, run, stdio, unittest

MODES: dict[str, ModuleType] = {
    "run": run,
    "call": call,
    "outputs": outputs,
    "stdio": stdio,
    "unittest": unittest,
    "command": command,
}
