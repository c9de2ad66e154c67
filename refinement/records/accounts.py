"""Accounts of records: each record that a step reads is either written or rejected with a reason."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from refinement.records.files import write_json, write_records
from refinement.records.record_types import REJECTION, Record


class Account:
    """Counts the records that a step takes, gives and rejects; ``write`` fails if they do not balance."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self.taken = 0
        self.given = 0
        self._rejections: list[Record] = []

    def reject(self, record_id: str, reason: str, detail: str | None = None) -> None:
        """Reject a record; ``detail`` is truncated to 200 characters."""
        cut = detail[:200] if detail is not None else None
        self._rejections.append({"id": record_id, "reason": reason, "detail": cut})

    def take(self, records: Iterable[Record]) -> Iterable[Record]:
        """Yield the records and count them as taken."""
        for record in records:
            self.taken += 1
            yield record

    @property
    def rejected(self) -> dict[str, int]:
        """Number of rejected records by reason."""
        return dict(sorted(Counter(rejection["reason"] for rejection in self._rejections).items()))

    def write(self, counts: str, rejected: str | None = None, **extra: Any) -> None:
        """Write the counts to ``counts`` and, if a path is given, the rejections to ``rejected``.

        ``extra``: further fields of the counts.

        Raises AssertionError if the account does not balance.
        """
        missing = self.taken - self.given - sum(self.rejected.values())
        assert missing == 0, f"{self._stage}: {self.taken} in, {self.given} out, {self.rejected} rejected"
        if rejected:
            write_records(rejected, self._rejections, REJECTION)
        write_json(
            counts, {"stage": self._stage, "in": self.taken, "out": self.given, "rejected": self.rejected, **extra}
        )
