"""The modes of programs. Each is a module of its own:

``FIELDS``: what its program line needs; ``PROCESSES``: whether it may fork and
exec; ``check(program)``: raises ValueError for a line that cannot be judged,
the benchmark's fault; ``inside(job, channel)``: runs in the jail;
``judge(program, worker)``: runs outside and says what came of it.
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
