"""Tables and figures: one entry each, from which its rule, its target, its place on the page and the docs follow."""

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
    """A section of the page: the id that links name, and its heading."""

    id: str
    heading: str


@dataclass(frozen=True)
class Result:
    """A table or a figure.

    ``name``: of its files and its target; ``title``: what it shows, for
    readers; ``form``: ``table`` or ``figure``; ``step``: the command that makes
    it (``area/verb_noun``); ``section``: the id of its section of the page,
    empty for a result that the page leaves out; ``caption``: its file below
    report/, without its ending.

    ``inputs``: files by command-line option, those under ``files`` as
    positional arguments; ``awaited``: files that must be there but are not
    named on the command line; ``options``: other command-line options by name,
    lists as several words; ``compared``: what else has the result made again
    when it changes. Paths may hold the wildcard ``{run}``.

    ``needs``: modules besides the step's own imports whose code decides the
    result; ``once``: whether there is one of the whole experiment, not one of
    each run; ``folder``: where it lies; ``beside``: further outputs by
    command-line option, as paths relative to the run's folder.

    ``wanted``: whether this config asks for it; ``demo``: whether ``make demo``
    makes it; ``over_seeds``: whether its numbers are summarized over seeds.
    ``decimals``: how the page rounds shares, None for cells as they are;
    ``look``: ``ledger`` or ``audit`` where the page shows no plain table;
    ``said``: what the page's tag adds to the label.
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
        """Its files by command-line option, with the wildcard ``{run}``."""
        folder = self.folder or {"table": TABLES, "figure": FIGURES}[self.form]
        files = {option: f"{folder}/{self.name}.{ending}" for option, ending in _FORMATS[self.form].items()}
        return files | {option: f"{RUN}/{path}" for option, path in self.beside.items()}

    @property
    def shown(self) -> str:
        """The option whose file people look at: the target's file, and the one in Snakemake's report."""
        return _SHOWN[self.form]

    def files(self, experiment: str) -> dict[str, str]:
        """Its files by option: of every run, by the wildcard ``{run}``, or of the experiment's own."""
        return {name: path.replace("{run}", experiment) if self.once else path for name, path in self.outputs.items()}

    def file(self, run: str, option: str | None = None) -> str:
        """One of its files, in a run; the one that people look at where none is named."""
        return self.outputs[option or self.shown].replace("{run}", run)

    def arguments(self) -> list[str]:
        """The other options as words of a command line."""
        words: list[str] = []
        for name, value in self.options.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            words += [f"--{name}", *map(str, values)] if len(values) != 1 else [f"--{name}={values[0]}"]
        return words
