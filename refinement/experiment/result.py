"""Entries for tables and figures; each entry defines the rule, the target, the place on the page and the docs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from refinement.experiment.paths import FIGURES, RUN, TABLES

_FORMATS = {
    "table": {"csv": "csv", "markdown": "md", "latex": "tex"},
    "figure": {"svg": "svg", "pdf": "pdf", "png": "png", "csv": "csv"},
}
_SHOWN = {"table": "markdown", "figure": "svg"}


@dataclass(frozen=True)
class Section:
    """A section of the result page: its id, which links use, and its heading."""

    id: str
    heading: str


@dataclass(frozen=True)
class Result:
    """A table or a figure.

    ``name``: the name of the files and of the target; ``title``: the title for readers; ``form``: ``table`` or
    ``figure``; ``step``: the command that makes the result (``area/verb_noun``); ``section``: the id of the section
    of the page, empty if the page leaves the result out; ``caption``: the caption's file in report/, without suffix.

    ``inputs``: input files by command-line option; those of ``files`` are positional arguments; ``awaited``: input
    files that the command line does not name; ``options``: other command-line options, where a list gives several
    values; ``compared``: a value whose change makes the result again. Paths may contain the wildcard ``{run}``.

    ``needs``: modules that the step loads dynamically and whose code decides the result; ``once``: whether the
    result belongs to the whole experiment, not to each run; ``folder``: the folder of the files; ``beside``: further
    outputs by command-line option, as paths relative to the run's folder.

    ``wanted``: whether this config asks for the result; ``demo``: whether ``make demo`` makes it; ``over_seeds``:
    whether the table over seeds includes its numbers. ``decimals``: the decimals of numbers on the page, None to
    leave them unrounded; ``look``: ``ledger`` or ``audit`` for a special form on the page; ``said``: a text after
    the label in the tag on the page.
    """

    name: str
    title: str
    form: str
    step: str
    section: str
    caption: str
    inputs: Mapping[str, Sequence[str]]
    options: Mapping[str, Any] = field(default_factory=dict)
    awaited: Sequence[str] = ()
    compared: Any = None
    needs: Sequence[str] = ()
    once: bool = False
    folder: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict)
    wanted: bool = True
    demo: bool = False
    over_seeds: bool = False
    decimals: int | None = 1
    look: str = ""
    said: str = ""

    @property
    def outputs(self) -> dict[str, str]:
        """The result's files by command-line option, with the wildcard ``{run}``."""
        folder = self.folder or {"table": TABLES, "figure": FIGURES}[self.form]
        files = {option: f"{folder}/{self.name}.{ending}" for option, ending in _FORMATS[self.form].items()}
        return files | {option: f"{RUN}/{path}" for option, path in self.beside.items()}

    @property
    def shown(self) -> str:
        """The option whose file is for readers: it is the target's file, and appears in Snakemake's report."""
        return _SHOWN[self.form]

    def files(self, experiment: str) -> dict[str, str]:
        """The result's files by option; with the wildcard ``{run}``, unless the result is of the whole experiment."""
        return {name: path.replace("{run}", experiment) if self.once else path for name, path in self.outputs.items()}

    def file(self, run: str, option: str | None = None) -> str:
        """The result's file for an option, in a run; by default the file for readers."""
        return self.outputs[option or self.shown].replace("{run}", run)

    def arguments(self) -> list[str]:
        """The ``options`` as command-line arguments."""
        words: list[str] = []
        for name, value in self.options.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            words += [f"--{name}", *map(str, values)] if len(values) != 1 else [f"--{name}={values[0]}"]
        return words
