"""The content of an experiment's result page: settings, and tables and figures by section."""

from typing import Any

from refinement.experiment.experiment import Experiment
from refinement.experiment.paths import BASELINES
from refinement.experiment.result import Result

_FIRST = ("run", "What was run")
_LAST = (("time", "Time by stage"), ("origin", "Manifest"))


def _shown(experiment: Experiment) -> list[Result]:
    return [result for result in experiment.results if result.section]


def _files_of(experiment: Experiment, result: Result) -> dict[str, str]:
    """The files of a result that the page reads, by their part on the page: data, note, figure, manifest, speeds."""
    kept = {"csv": "data", "markdown": "note", "svg": "figure", "manifest": "manifest", "speeds": "speeds"}
    if result.form == "figure":
        kept.pop("csv")
    return {kept[name]: result.file(experiment.name, name) for name in result.outputs if name in kept}


def files(experiment: Experiment) -> list[str]:
    """Every file that the page reads, including captions."""
    shown = _shown(experiment)
    captions = [experiment.project_file(f"report/{result.caption}.rst") for result in shown]
    captions.append(experiment.project_file("report/workflow.rst"))
    found = [path for result in shown for path in _files_of(experiment, result).values()]
    return [*found, *dict.fromkeys(captions)]


def parts(experiment: Experiment) -> list[dict[str, Any]]:
    """An entry for each table and figure on the page; it names no files if this run leaves the result out."""
    found = []
    for result in experiment.declared_results:
        if not result.section:
            continue
        part = {
            "name": result.name, "title": result.title, "section": result.section, "look": result.look,
            "said": result.said, "decimals": result.decimals,
        }  # fmt: skip
        if result.wanted:
            part |= _files_of(experiment, result)
            part["caption"] = experiment.project_file(f"report/{result.caption}.rst")
        found.append(part)
    return found


def settings(experiment: Experiment) -> dict[str, Any]:
    """The settings that the page shows, and the config keys that its captions use."""
    method, config = experiment.method, experiment.config
    sections = [_FIRST, *((section.id, section.heading) for section in method.sections), *_LAST]
    return {
        "experiment": experiment.name,
        "label": experiment.label,
        "method": method.name,
        "seeds": list(experiment.runs.values()),
        "facts": method.facts(experiment),
        "described": method.described(experiment),
        "sections": sections,
        "introduction": experiment.project_file("report/workflow.rst"),
        # Folders of times that have the name of a student or a variant, not of a stage.
        "owners": [*experiment.students, *experiment.variants, BASELINES],
        **{name: config[name] for name in method.settings},
    }
