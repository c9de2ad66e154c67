"""One experiment: a checked config with its entries by name, its runs, and its chains of iterations."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from refinement.experiment.method import Method, load_method
from refinement.experiment.paths import BASELINES, ITERATION, RUN
from refinement.experiment.result import Result
from refinement.records.randomness import hash_seed

Entry = Mapping[str, Any]
FURTHER = "further"  # the work that measures models after the last iteration of the method's tables
MEASURED = ("benchmarks", FURTHER)  # the works that score every model of a span


class Iteration(NamedTuple):
    """One iteration of a chain, where its files lie."""

    run: str
    student: str
    variant: str
    number: int

    def file(self, name: str) -> str:
        """A file of it, by its path below the iteration's folder."""
        place = {"run": self.run, "student": self.student, "variant": self.variant, "iteration": self.number}
        return f"{ITERATION.format(**place)}/{name}"


def _by_name(entries: Sequence[Entry]) -> dict[str, Entry]:
    return {entry["name"]: entry for entry in entries}


class Experiment:
    """A checked config and the ``project``: the Snakefile's folder, which has files that the working folder may lack.

    ``students``, ``variants``, ``baselines``, ``benchmarks`` and ``roles`` are
    the config's entries by name, empty where the method has none.
    """

    def __init__(self, config: Mapping[str, Any], project: Path) -> None:
        self.config, self.project = config, project
        self.method: Method = load_method(config["method"])
        self.name, self.label = config["experiment"], config["label"]
        self.students = _by_name(config.get("students", ()))
        self.variants = _by_name(config.get("variants", ()))
        self.baselines = _by_name(config.get("baselines", ()))
        self.benchmarks = _by_name(config.get("benchmarks", ()))
        self.roles: Mapping[str, Entry] = config.get("roles", {})
        self.tables = {name: list(of) for name, of in config.get("tables", {}).items() if of}
        self.figures = {name: list(of) for name, of in config.get("figures", {}).items() if of}
        first = config["seed"]
        self.runs = {self.name: first}
        self.runs |= {f"{self.name}/seed_{first + n}": first + n for n in range(1, config["seeds"])}

    @property
    def folder(self) -> str:
        """The folder of the experiment's own run."""
        return RUN.format(run=self.name)

    def project_file(self, name: str) -> str:
        """A file of the project, by its relative path where that will do, so that a moved clone stays valid."""
        here = Path.cwd() == self.project
        return name if here else str(self.project / name)

    def seed(self, run: str, *parts: Any) -> int:
        """A run's seed, or the seed that it gives to something that is named by ``parts``."""
        return hash_seed(self.runs[run], *parts) if parts else self.runs[run]

    # Results

    @cached_property
    def results(self) -> list[Result]:
        """The tables and figures that the config asks for."""
        return [result for result in self.declared_results if result.wanted]

    @cached_property
    def declared_results(self) -> list[Result]:
        """All tables and figures of the method, those included that this config leaves out."""
        return list(self.method.results(self))

    def runs_of(self, result: Result) -> list[str]:
        """The runs that a result is made for."""
        return [self.name] if result.once else list(self.runs)

    def targets(self) -> list[str]:
        """What a full run makes: every result that the page shows, of every run, and the method's last files."""
        shown = [result for result in self.results if result.section or not self.method.sections]
        found = [result.file(run) for result in shown for run in self.runs_of(result)]
        page = [self.page] if self.method.sections else []
        return [*found, *page, *self.method.last_files(self)]

    @property
    def page(self) -> str:
        """The page that shows all results of the experiment's own run."""
        return f"{self.folder}/report.html"

    # Chains of iterations

    @cached_property
    def main_variant(self) -> str:
        """The variant that is the method itself: the first."""
        return next(iter(self.variants))

    @cached_property
    def siblings(self) -> list[str]:
        """The other variants: ablations and controls."""
        return list(self.variants)[1:]

    @property
    def final(self) -> int:
        """T: the last iteration that the method's tables show."""
        return self.config.get("final_iteration", self.variants[self.main_variant]["iterations"])

    @property
    def goes_further(self) -> bool:
        """Whether the method has iterations after T."""
        return self.variants[self.main_variant]["iterations"] > self.final

    def owner_of_iteration(self, variant: str, number: int) -> str:
        """The variant under which an iteration lies.

        Iteration 0 is made once, under the method's own variant. A variant that
        changes what M_0 is made of (``Method.own_start``) keeps one of its own.
        The turns that bear the loss do not change it: D_0 has one each.
        """
        own = any(key in self.variants[variant] for key in self.method.own_start)
        return variant if own or number > 0 else self.main_variant

    def iterations(self, variant: str) -> range:
        """Iterations 0..last of a variant."""
        return range(self.variants[variant]["iterations"] + 1)

    def own_iterations(self, variant: str) -> list[int]:
        """The iterations that lie under a variant, shared ones left out."""
        return [t for t in self.iterations(variant) if self.owner_of_iteration(variant, t) == variant]

    def iteration(self, run: str, student: str, variant: str, number: int) -> Iteration:
        """An iteration under its owner."""
        return Iteration(run, student, self.owner_of_iteration(variant, number), number)

    def at(self, wildcards: Any, back: int = 0) -> Iteration:
        """The iteration that a rule's wildcards name, or the one that lies ``back`` iterations before it."""
        number = int(wildcards.iteration) - back
        return self.iteration(wildcards.run, wildcards.student, wildcards.variant, number)

    def files_by_iteration(self, student: str, variant: str, name: str, run: str = "{run}") -> list[str]:
        """A file of each iteration of a variant."""
        return [self.iteration(run, student, variant, t).file(name) for t in self.iterations(variant)]

    # What is measured

    def measured_span(self, student: str, variant: str, work: str) -> tuple[int, int]:
        """The first and the last iteration whose models are measured in some work.

        The method's M_0 is not measured again for its siblings; its models
        after M_T are further work. A baseline is one model.
        """
        if student == BASELINES:
            return 0, 0
        last = self.variants[variant]["iterations"]
        if work == FURTHER:
            return self.final + 1, last
        if variant == self.main_variant:
            return 0, min(last, self.final)
        return 0 if self.owner_of_iteration(variant, 0) == variant else 1, last

    def models(self, student: str, variant: str, run: str, iterations: Sequence[int]) -> list[str]:
        """Folders of some models of a variant."""
        return [self.iteration(run, student, variant, t).file("model") for t in iterations]

    def pairs(self, benchmarks: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Student and benchmark, student by student."""
        return ((student, benchmark) for student in self.students for benchmark in benchmarks)

    def published(self, student: Entry, benchmark: str) -> dict[str, str]:
        """Where the paper has a model on a benchmark, as far as the config says it: row and column."""
        places = {"row": student.get("published"), "column": self.benchmarks[benchmark].get("published")}
        return {key: value for key, value in places.items() if value}
