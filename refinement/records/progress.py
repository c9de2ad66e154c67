"""Progress of long computations, as lines that suit a log file."""

import sys
import time

INTERVAL = 5.0


class Progress:
    """Prints ``done/total``, the rate and the remaining time, every few seconds and at the end."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what, self._total = what, total
        self._done = 0
        self._start = self._last = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Count ``count`` more items as done."""
        self._done += count
        now = time.monotonic()
        if self._done == self._total or now - self._last >= INTERVAL:
            self._last = now
            rate = self._done / max(now - self._start, 1e-9)
            rest = f", {(self._total - self._done) / rate:.0f} s left" if self._total else ""
            print(f"{self._done}/{self._total or '?'} {self._what}, {rate:.1f}/s{rest}", file=sys.stderr, flush=True)
