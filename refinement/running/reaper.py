"""Run a command and end it, and all that it started, when standard input closes: its parent stopped, or was killed.

A program of its own (python guardian.py COMMAND ...), so that it outlives a
kill of whoever started it by just as long as the cleaning takes.
"""

import ctypes
import select
import signal
import subprocess
import sys

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
PATIENCE = 5.0  # seconds between asking to end and ending


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def end_descendants() -> None:
    """Ask all descendants to end, then end them."""
    for send, patience in ((psutil.Process.terminate, PATIENCE), (psutil.Process.kill, PATIENCE)):
        left = psutil.Process().children(recursive=True)
        for process in left:
            try:
                send(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=patience)


def main(command: list[str]) -> int:
    """The command's exit status."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
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
