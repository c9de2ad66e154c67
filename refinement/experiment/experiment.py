"""An experiment: its config by name, its runs, its iterations, and its results."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from refinement.experiment.method import Method, load_method
from refinement.experiment.paths import BASELINES, ITERATION, RUN
from refinement.experiment.result import Result
from refinement.records.randomness import hash_seed

Entry = Mapping[str, Any]
FURTHER = "further"  # the kind of work that measures the models after M_T
MEASURED = ("benchmarks", FURTHER)  # the kinds of work that score every model of a span of iterations


class Iteration(NamedTuple):
    """One iteration of a variant, with the paths of its files."""

    run: str
    student: str
    variant: str
    number: int

    def file(self, name: str) -> str:
        """The path of a file in the iteration's folder."""
        place = {"run": self.run, "student": self.student, "variant": self.variant, "iteration": self.number}
        return f"{ITERATION.format(**place)}/{name}"


def _by_name(entries: Sequence[Entry]) -> dict[str, Entry]:
    return {entry["name"]: entry for entry in entries}


class Experiment:
    """An experiment, made from a checked config.

    ``project``: the folder of the Snakefile, whose files the working folder may lack. ``students``, ``variants``,
    ``baselines``, ``benchmarks`` and ``roles``: the config's entries by name; empty if the method has none.
    ``runs``: the seed of each run, by the run's name.
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
        """The folder of the experiment's first run."""
        return RUN.format(run=self.name)

    def project_file(self, name: str) -> str:
        """The path of a project file; relative if the project is the working folder, so that a clone can be moved."""
        here = Path.cwd() == self.project
        return name if here else str(self.project / name)

    def seed(self, run: str, *parts: Any) -> int:
        """The seed of a run, or a seed derived from it for the purpose that ``parts`` name."""
        return hash_seed(self.runs[run], *parts) if parts else self.runs[run]

    # Results

    @cached_property
    def results(self) -> list[Result]:
        """The tables and figures that the config asks for."""
        return [result for result in self.declared_results if result.wanted]

    @cached_property
    def declared_results(self) -> list[Result]:
        """All tables and figures of the method, including those that this config leaves out."""
        return list(self.method.results(self))

    def runs_of(self, result: Result) -> list[str]:
        """The runs that have a result of their own; the first run for a result of the whole experiment."""
        return [self.name] if result.once else list(self.runs)

    def targets(self) -> list[str]:
        """The files to make by default: the page, all results on it for every run, and the method's last files."""
        shown = [result for result in self.results if result.section or not self.method.sections]
        found = [result.file(run) for result in shown for run in self.runs_of(result)]
        page = [self.page] if self.method.sections else []
        return [*found, *page, *self.method.last_files(self)]

    @property
    def page(self) -> str:
        """The result page of the experiment's first run."""
        return f"{self.folder}/report.html"

    # Chains of iterations

    @cached_property
    def main_variant(self) -> str:
        """The first variant, which is the method itself."""
        return next(iter(self.variants))

    @cached_property
    def siblings(self) -> list[str]:
        """The other variants: ablations and controls."""
        return list(self.variants)[1:]

    @property
    def final(self) -> int:
        """T, the last iteration in the method's tables."""
        return self.config.get("final_iteration", self.variants[self.main_variant]["iterations"])

    @property
    def goes_further(self) -> bool:
        """Whether the method has iterations after T."""
        return self.variants[self.main_variant]["iterations"] > self.final

    def owner_of_iteration(self, variant: str, number: int) -> str:
        """The variant whose folder contains an iteration.

        Variants share iteration 0, which lies in the folder of the method's own variant. A variant that changes how
        M_0 is trained (``Method.own_start``) has an iteration 0 of its own. A variant that changes only which turns
        bear the loss shares it, since each record of D_0 has a single answer.
        """
        own = any(key in self.variants[variant] for key in self.method.own_start)
        return variant if own or number > 0 else self.main_variant

    def iterations(self, variant: str) -> range:
        """The iterations of a variant, from 0 to its last."""
        return range(self.variants[variant]["iterations"] + 1)

    def own_iterations(self, variant: str) -> list[int]:
        """The iterations in a variant's own folder, without a shared one."""
        return [t for t in self.iterations(variant) if self.owner_of_iteration(variant, t) == variant]

    def iteration(self, run: str, student: str, variant: str, number: int) -> Iteration:
        """An iteration, in the folder of the variant that owns it."""
        return Iteration(run, student, self.owner_of_iteration(variant, number), number)

    def at(self, wildcards: Any, back: int = 0) -> Iteration:
        """The iteration that a rule's wildcards name, or the iteration ``back`` places before it."""
        number = int(wildcards.iteration) - back
        return self.iteration(wildcards.run, wildcards.student, wildcards.variant, number)

    def files_by_iteration(self, student: str, variant: str, name: str, run: str = "{run}") -> list[str]:
        """The file ``name`` of each iteration of a variant."""
        return [self.iteration(run, student, variant, t).file(name) for t in self.iterations(variant)]

    # What is measured

    def measured_span(self, student: str, variant: str, work: str) -> tuple[int, int]:
        """The first and the last iteration whose models a kind of work measures.

        Variants that share the method's M_0 do not measure it again. The method's models after M_T belong to the
        work ``further``. A baseline counts as one model, at iteration 0.
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
        """The folders of a variant's models at some iterations."""
        return [self.iteration(run, student, variant, t).file("model") for t in iterations]

    def pairs(self, benchmarks: Sequence[str]) -> Iterator[tuple[str, str]]:
        """All pairs of a student and one of some benchmarks, student by student."""
        return ((student, benchmark) for student in self.students for benchmark in benchmarks)

    def published(self, student: Entry, benchmark: str) -> dict[str, str]:
        """The row and the column of a model and a benchmark in the paper's tables, if the config names them."""
        places = {"row": student.get("published"), "column": self.benchmarks[benchmark].get("published")}
        return {key: value for key, value in places.items() if value}
