"""Answers requests by a backend: none twice, unreadable answers again, and no more failures than are allowed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from refinement.completion.journal import Journal
from refinement.completion.requests import ask_again, read_answer
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile
from refinement.records.record_types import Record

Answered = tuple[Record, Record]  # a request and its response
Batch = RecordFile | list[Record]


class Backend(Protocol):
    """What a backend does. It is closed when no more is asked of it."""

    def identify(self, request: Record) -> str:
        """A text that differs wherever the answer to the same request may differ; the journal's key holds it."""
        ...

    def batches(self, requests: RecordFile, part: int, parts: int) -> Sequence[Batch]:
        """The batches of the ``part``-th of ``parts`` shares of a requests file.

        Where the answer to a request depends on the rest of its batch, batches
        are made of the whole file first, and a share holds some of them.
        """
        ...

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """The responses to a batch, in any order, in groups that the journal keeps as a whole."""
        ...

    def close(self) -> None:
        """End what answering has started or opened."""
        ...


class Policy(NamedTuple):
    """When to ask a request again, and when to give up.

    A request whose answer ``is_readable`` refuses is asked up to ``attempts``
    times in all, the further times at ``temperature`` or above. An error is
    final: the backend has tried again what may pass. Up to ``max_failed_share``
    of the requests may have no readable answer in the end.
    """

    is_readable: Callable[[str], bool]
    attempts: int
    temperature: float
    max_failed_share: float

    def fault(self, response: Record) -> str | None:
        """Why a response is of no use: its error's code, or "unreadable"; None where it is of use."""
        answer = read_answer(response)
        if answer.text is None:
            return answer.error
        return None if self.is_readable(answer.text) else "unreadable"


class Completion:
    """The answering of batches. ``settled`` is called once for each request that is not asked again."""

    def __init__(self, batches: Sequence[Batch], policy: Policy, settled: Callable[[], None] = lambda: None) -> None:
        self._batches, self._policy, self._settled = batches, policy, settled
        self._total = sum(map(len, batches))
        self._errors: dict[str, Record] = {}
        self._reasons: Counter[str] = Counter()
        self._excess: BadInput | None = None

    def run(self, backend: Backend, journal: Journal) -> Iterator[Record]:
        """All responses in the requests' order, with those to further attempts behind the first.

        Raises BadInput as soon as too many requests have failed for good.
        """
        for batch in self._batches:
            self._answer(batch, backend, journal)
        for batch in self._batches:
            for request in batch:
                yield from self._responses(request, journal)

    def _answer(self, batch: Iterable[Record], backend: Backend, journal: Journal) -> None:
        for attempt in range(1, self._policy.attempts + 1):
            again: list[Record] = []
            judge = self._judge(again, attempt == self._policy.attempts)
            for group in backend.complete(self._unanswered(batch, journal, judge)):
                journal.add(group)
                for request, response in group:
                    judge(request, response)
            if self._excess:
                raise self._excess
            if not again:
                return
            batch = again

    def _judge(self, again: list[Record], is_last: bool) -> Callable[[Record, Record], None]:
        def judge(request: Record, response: Record) -> None:
            reason = self._policy.fault(response)
            if response["error"] is not None:
                self._errors[request["custom_id"]] = response
            elif reason and not is_last:
                again.append(ask_again(request, self._policy.temperature))
                return
            if reason:
                self._reasons[reason] += 1
                self._check()
            self._settled()

        return judge

    def _check(self) -> None:
        failed, limit = self._reasons.total(), self._policy.max_failed_share
        if failed > limit * self._total:
            told = ", ".join(f"{reason} {count}" for reason, count in self._reasons.most_common(3))
            self._excess = BadInput(
                f"{failed} of {self._total} requests have no readable answer ({told}), max_failed_share is {limit}; "
                "mend the template, or name another model"
            )

    def _responses(self, request: Record, journal: Journal) -> Iterator[Record]:
        for _ in range(self._policy.attempts):
            response = self._errors.get(request["custom_id"]) or journal.find(request)
            if response is None:
                raise RuntimeError(f"request {request['custom_id']} was neither answered nor refused")
            yield response
            if response["error"] is not None or self._policy.fault(response) is None:
                return
            request = ask_again(request, self._policy.temperature)

    def _unanswered(
        self, batch: Iterable[Record], journal: Journal, judge: Callable[[Record, Record], None]
    ) -> Iterator[Record]:
        """The requests whose answers the journal lacks, until too many have failed; ``judge`` gets the others."""
        for request in batch:
            if self._excess:
                return
            if (found := journal.find(request)) is None:
                yield request
            else:
                judge(request, found)
