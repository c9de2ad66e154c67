"""Start a command, and end it with all its descendants as soon as standard input closes.

Standard input closes when the parent process closes it, ends or is killed. The
reaper is a program of its own (python reaper.py COMMAND ...): if its parent is
killed, it lives on just as long as it needs to end the others.
"""

import ctypes
import select
import signal
import subprocess
import sys

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
PATIENCE = 5.0  # seconds that processes have to end when they are asked to, before they are killed


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def end_descendants() -> None:
    """Ask all descendants of this process to end, then kill those that are left."""
    for send, patience in ((psutil.Process.terminate, PATIENCE), (psutil.Process.kill, PATIENCE)):
        left = psutil.Process().children(recursive=True)
        for process in left:
            try:
                send(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=patience)


def main(command: list[str]) -> int:
    """Run the command and return its exit status."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes of a terminal, but the parent decides when to end
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    )
    try:
        while child.poll() is None and not select.select([sys.stdin], [], [], 0.1)[0]:
            pass
    finally:
        end_descendants()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
