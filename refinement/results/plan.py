"""The plan of a run: requests, tokens, dollars and hours of each stage, before the run spends anything.

The numbers of requests follow from the config. Quantities that only a run can measure (lengths of texts, shares of
wins) are assumed in the config's ``plan``, or taken from an earlier run.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from refinement.completion.usage import Usage, read_usage
from refinement.records.errors import BadInput
from refinement.results.times import total_seconds

MILLION, HOUR = 1_000_000, 3600


class Work(NamedTuple):
    """The part of a stage whose results lie in one folder.

    ``tokens_in`` and ``tokens_out``: the mean of a request and of its answer. ``responses`` and ``times``: the files
    of responses and of job times, as patterns relative to the folder of the run and to its folder ``times``.
    ``jobs``: how many jobs start a model.
    """

    stage: str
    role: str
    model: str
    requests: float
    tokens_in: float
    tokens_out: float
    responses: str
    times: str
    jobs: int


class Row(NamedTuple):
    """Sums over all work of a stage.

    ``usd``: None if the price is unknown; ``basis``: whether the lengths of texts are "measured" or "assumed".
    """

    stage: str
    role: str
    model: str
    requests: int
    tokens_in: int
    tokens_out: int
    usd: float | None
    hours: float
    gpu_hours: float
    basis: str


class Measured(NamedTuple):
    """What a stage has used: answered requests with their tokens, and the seconds of its jobs."""

    usage: Usage
    seconds: float


def group_by_stage(works: Iterable[Work]) -> dict[tuple[str, str, str], list[Work]]:
    """Group work by stage, role and model; the stages keep the order in which they first appear."""
    groups: dict[tuple[str, str, str], list[Work]] = {}
    for work in works:
        groups.setdefault((work.stage, work.role, work.model), []).append(work)
    stages = list(dict.fromkeys(stage for stage, *_ in groups))
    return dict(sorted(groups.items(), key=lambda group: stages.index(group[0][0])))


def measure(runs: Sequence[str | Path], works: Sequence[Work]) -> Measured:
    """Measure what the work has used in some runs so far. Raises BadInput for a broken responses file."""
    responses = (path for run in runs for work in works if work.responses for path in Path(run).glob(work.responses))
    times = (path for run in runs for work in works for path in Path(run, "times").glob(work.times))
    return Measured(read_usage(sorted(responses)), total_seconds(sorted(times)))


def _price(role: str, model: str, tokens_in: float, tokens_out: float, settings: Mapping[str, Any]) -> float | None:
    """The price in US dollars; None if unknown, and 0 unless the model answers behind an endpoint."""
    if settings["roles"].get(role, {}).get("backend") != "endpoint" and model not in settings["endpoints"]:
        return 0.0
    price = settings["plan"]["prices"].get(model)
    return None if price is None else (tokens_in * price["input"] + tokens_out * price["output"]) / MILLION


def make_row(works: Sequence[Work], settings: Mapping[str, Any], known: Measured, seeds: int) -> Row:
    """Plan a stage over ``seeds`` runs, with the lengths and the speed of ``known`` if it has measured any."""
    first = works[0]
    requests = seeds * sum(work.requests for work in works)
    if known.usage.requests:
        tokens_in, tokens_out = requests * known.usage.length_in, requests * known.usage.length_out
    else:
        tokens_in = seeds * sum(work.requests * work.tokens_in for work in works)
        tokens_out = seeds * sum(work.requests * work.tokens_out for work in works)
    if known.usage.requests and known.seconds:
        seconds = requests * known.seconds / known.usage.requests
    else:
        rate = settings["plan"]["rates"][first.role]
        jobs = seeds * sum(work.jobs for work in works)
        seconds = jobs * rate["startup"] + tokens_in / rate["input"] + tokens_out / rate["output"]
    gpus = settings["gpus"][first.role]
    if first.role == "student":  # another role's model can have the name of a baseline, too
        gpus = settings["baselines_gpus"].get(first.model, gpus)
    return Row(
        first.stage, first.role, first.model, round(requests), round(tokens_in), round(tokens_out),
        _price(first.role, first.model, tokens_in, tokens_out, settings), seconds / HOUR, gpus * seconds / HOUR,
        "measured" if known.usage.requests else "assumed",
    )  # fmt: skip


def make_plan(settings: Mapping[str, Any], works: Iterable[Work], runs: Sequence[str | Path]) -> list[Row]:
    """Make the rows of the plan.

    ``runs``: the folders of an earlier run, whose lengths and speed replace the assumed ones.

    Raises BadInput if these folders hold no response of any planned stage.
    """
    groups = group_by_stage(works)
    known = {key: measure(runs, group) for key, group in groups.items()}
    if runs and not any(found.usage.requests for found in known.values()):
        raise BadInput(f"plan.measured: {runs[0]} holds no responses of this config's stages; name another run or null")
    return [make_row(group, settings, known[key], settings["seeds"]) for key, group in groups.items()]
