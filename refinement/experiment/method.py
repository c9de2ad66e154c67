"""The interface of a method to the parts that all methods share."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from refinement import methods
from refinement.experiment.result import Result, Section

if TYPE_CHECKING:
    from refinement.experiment.experiment import Experiment


class Asking(NamedTuple):
    """The models and benchmarks of one kind of job, which loads or serves a model once for all these benchmarks.

    ``work``: the kind of work that uses the answers, and the name of its folder in the variant's folder;
    ``variants``: the variants whose models answer, or the names of baselines; ``benchmarks``: the benchmarks of one
    job; ``own``: whether models answer each of these benchmarks for this work alone, also a benchmark that shares
    another's answers otherwise; ``iterations``: the iterations whose models answer; None for all measured models.
    """

    work: str
    variants: Sequence[str]
    benchmarks: Sequence[str]
    own: bool = False
    iterations: Sequence[int] | None = None


def _nothing(*_: Any) -> list[Any]:
    return []


@dataclass(frozen=True)
class Method:
    """What a method provides; its rules are in rules/{name}/, and its config keys in its package's schema.yaml.

    ``results``: the tables and figures; ``sections``: the sections of the result page, in order; ``faults``: yields a
    line for each fault of a config that the schema cannot express; ``own_start``: the keys of a variant that give it
    an iteration 0 of its own; ``askings``: which models answer which benchmarks; ``accounts``: the counts files of
    all steps of a run, with the wildcard ``{run}``; ``last_files``: files that a run makes by default besides
    tables, figures and page; ``facts`` and ``described``: settings to show on the page, as pairs and as tables by
    heading; ``settings``: the config keys that captions use.
    """

    name: str
    results: Callable[["Experiment"], Sequence[Result]]
    sections: Sequence[Section] = ()
    faults: Callable[[Mapping[str, Any]], Iterator[str]] = _nothing
    own_start: Sequence[str] = ("training",)
    askings: Callable[["Experiment"], Iterable[Asking]] = _nothing
    accounts: Callable[["Experiment"], Sequence[str]] = _nothing
    last_files: Callable[["Experiment"], Sequence[str]] = _nothing
    facts: Callable[["Experiment"], Sequence[tuple[str, str]]] = _nothing
    described: Callable[["Experiment"], Mapping[str, Sequence[Sequence[Any]]]] = lambda _: {}
    settings: Sequence[str] = field(default=())


def method_names() -> list[str]:
    """The names of all methods, which are the packages in refinement/methods."""
    return sorted(module.name for module in pkgutil.iter_modules(methods.__path__) if module.ispkg)


def load_method(name: str) -> Method:
    """Load the method with one of the names of :func:`method_names`."""
    return importlib.import_module(f"{methods.__name__}.{name}.method").METHOD
