"""What a method tells the parts that all methods share."""

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
    """Models and benchmarks of one kind of job: a model is loaded, or served, once for all these benchmarks.

    ``work``: what is done with the answers, the folder below the variant's;
    ``variants``: whose models answer, or the names of baselines;
    ``benchmarks``: asked together; ``own``: whether the answers are this
    work's own, so that a benchmark that shares another's answers is asked too;
    ``iterations``: whose models answer, where those are not all that are measured.
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
    """A method's side of the contract; its rules lie in rules/{name}/, its keys in its package's schema.yaml.

    ``results``: its tables and figures; ``sections``: of the page, in order;
    ``faults``: what is wrong with a config that the schema cannot say, a line
    each; ``own_start``: keys of a variant that give it an iteration 0 of its
    own; ``askings``: which models answer which benchmarks; ``accounts``: the
    counts files of every step of a run, with the wildcard ``{run}``;
    ``last_files``: what a full run makes besides its tables, figures and page;
    ``facts`` and ``described``: what the page says was done, as pairs and as
    tables by heading; ``settings``: keys of the config that its captions name.
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
    """The methods that there are: the packages below refinement/methods."""
    return sorted(module.name for module in pkgutil.iter_modules(methods.__path__) if module.ispkg)


def load_method(name: str) -> Method:
    """A method by its name, one of :func:`method_names`."""
    return importlib.import_module(f"{methods.__name__}.{name}.method").METHOD
