"""What the plan of an experiment in ACR counts: chains, benchmarks, templates; and the plan as a result."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from refinement.experiment import benchmarks, resources
from refinement.experiment.answering import answering_for_baseline
from refinement.experiment.commands import as_json, as_list
from refinement.experiment.experiment import FURTHER, Experiment
from refinement.experiment.paths import BASELINES, RUN
from refinement.experiment.result import Result
from refinement.methods.acr.experiment import (
    FEEDBACK,
    SCORING,
    evolution_templates,
    measured_benchmarks,
    tabulated_benchmarks,
)

_ROLE_KEYS = ("backend", "model", "system", "attempts")


def _chains(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Every variant of every student: which D_t are sampled and criticized, which M_t are trained."""
    for student in experiment.students.values():
        for name, variant in experiment.variants.items():
            own = experiment.own_iterations(name)
            sampled = [t for t in own if t < variant["iterations"]]
            settings = {**experiment.config["training"], **student["training"], **variant.get("training", {})}
            yield {
                "student": student["title"],
                "folder": f"{student['name']}/{name}",
                "epochs": settings["epochs"],
                "trained": own,
                "sampled": sampled,
                "criticized": sampled if variant["on_original_win"] == "critique" else [],
                "on_self_win": variant["on_self_win"],
                "on_original_win": variant["on_original_win"],
            }


def _solved(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Every benchmark that models answer, by what is done with the answers."""
    main, tables, figures = experiment.main_variant, experiment.tables, experiment.figures
    for student in experiment.students.values():
        for variant in experiment.variants:
            measured = measured_benchmarks(experiment) if variant == main else figures.get("figure3", ())
            for name in benchmarks.benchmarks_to_answer(experiment, measured):
                yield _solving(experiment, student, variant, "benchmarks", name)
        if experiment.goes_further:
            for name in benchmarks.benchmarks_to_answer(experiment, figures.get("figure6", ())):
                yield _solving(experiment, student, main, FURTHER, name)
        for name in tables.get("table4", ()):
            samples = experiment.config["scoring_study"]["samples"]
            yield _solving(experiment, student, main, SCORING, name, 1, samples)
        for name in figures.get("figure4", ()):
            yield _solving(
                experiment, student, main, FEEDBACK, name, len(experiment.config["feedback"]["iterations"]), 1
            )
    names = benchmarks.benchmarks_to_answer(experiment, tabulated_benchmarks(experiment))
    for baseline, name in benchmarks.baseline_pairs(experiment, names):
        entry = {"name": BASELINES, "title": _planned_as(experiment, baseline)}
        yield _solving(experiment, entry, baseline, "benchmarks", name)


def _planned_as(experiment: Experiment, baseline: str) -> str:
    """A baseline's name in the plan: that of its model where it is paid, since prices are of models."""
    entry = experiment.baselines[baseline]
    return entry["model" if entry.get("backend") == "endpoint" else "title"]


def _solving(
    experiment: Experiment, student: Mapping[str, Any], variant: str, work: str, name: str,
    models: int | None = None, samples: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One benchmark, answered by ``models`` models of a variant, or by all that are measured."""
    first, last = experiment.measured_span(student["name"], variant, work)
    return {
        "student": student["title"],
        "folder": f"{student['name']}/{variant}/{work}/{name}",
        "work": work,
        "models": models or last + 1 - first,
        "samples": samples or experiment.benchmarks[name]["decoding"]["samples"],
        "problems": _problems(experiment, name),
    }


def _problems(experiment: Experiment, name: str) -> int | str:
    """How many problems a benchmark has; their file, where neither the config nor the plan's assumptions say it."""
    entry = experiment.benchmarks[name]
    known = entry.get("size") or experiment.config["plan"]["problems"].get(name)
    if known is None:
        return benchmarks.problems(experiment, experiment.name, name)
    return min(known, entry.get("limit", known))


def _baselines_gpus(experiment: Experiment) -> dict[str, int]:
    """GPUs of a job that a baseline answers in, by the baseline's name in the plan."""
    answering = {name: answering_for_baseline(experiment, name) for name in experiment.baselines}
    return {
        _planned_as(experiment, name): resources.gpus(experiment, "benchmark", entry)
        for name, entry in answering.items()
    }


def settings(experiment: Experiment) -> dict[str, Any]:
    """What the plan counts with."""
    config, instructions = experiment.config, experiment.config["instructions"]
    roles = {
        role: {key: entry[key] for key in _ROLE_KEYS if key in entry} for role, entry in experiment.roles.items()
    }  # fmt: skip
    own_d0 = [name for name, entry in experiment.variants.items() if "teacher" in entry]
    paid = [entry["model"] for entry in experiment.baselines.values() if entry.get("backend") == "endpoint"]
    return {
        **{key: instructions[key] for key in ("per_snippet", "rounds", "keep", "d0_size")},
        "snippets": config["snippets"]["size"],
        "samples": config["scoring"]["samples"],
        "format": config["feedback"]["format"],
        "orders": 2 if config["scoring"]["pair_order"] == "both" else 1,
        "seeds": len(experiment.runs),
        "shards": config["shards"],
        "roles": roles,
        "endpoints": paid,
        "gpus": {kind: resources.gpus(experiment, kind) for kind in (*experiment.roles, "training")},
        "baselines_gpus": _baselines_gpus(experiment),
        "teachers": [("instructions", "ask_teacher/answers.*.tsv")]
        + [(f"d0/{name}", f"{name}/ask_other_teacher.*.tsv") for name in own_d0],
        "chains": list(_chains(experiment)),
        "solved": list(_solved(experiment)),
        "plan": {key: value for key, value in config["plan"].items() if key != "measured"},
    }


def _templates(experiment: Experiment) -> dict[str, list[str]]:
    """The templates whose tokens the plan counts, as lists of files by what they ask for."""
    single = {name: [path] for name, path in experiment.config["prompts"].items() if name != "evolution"}
    return {**single, "evolution": evolution_templates(experiment)}


def _snippets(experiment: Experiment) -> list[str]:
    """The harvested snippets; none where they, or what they must not overlap with, had to be downloaded first."""
    guards = [entry.get("source", []) for entry in experiment.benchmarks.values() if entry["decontaminate"]]
    places = [experiment.config["snippets"]["source"], *(place for guard in guards for place in as_list(guard))]
    is_remote = any(place.startswith(("hub:", "evalplus:")) for place in places)
    return [] if is_remote else [f"{experiment.folder}/snippets/snippets.jsonl"]


def _measured_state(folders: Sequence[str]) -> list[int]:
    """What changes when the earlier run that lengths are taken from has more to tell."""
    found = [path.stat().st_size for folder in folders for path in Path(folder).rglob("responses/*.jsonl")]
    return [len(found), sum(found)]


def plan_results(experiment: Experiment, section: str) -> list[Result]:
    """The plan, and the plan with what came of it: tables of the whole experiment."""
    templates, measured = _templates(experiment), experiment.config["plan"]["measured"]
    folders = [measured] if measured else []
    found = (_problems(experiment, name) for name in measured_benchmarks(experiment))
    files = [problems for problems in found if isinstance(problems, str)]
    name = experiment.method.name
    common = {
        "inputs": {"snippets": _snippets(experiment)},
        "compared": _measured_state(folders),
        "needs": (f"refinement.methods.{name}.plan",),
        "once": True,
        "folder": RUN,
        "decimals": None,
    }
    options = {
        "method": name, "settings": as_json(settings(experiment)), "templates": as_json(templates),
        "measured": folders, "label": experiment.label,
    }  # fmt: skip
    waits = [*(path for paths in templates.values() for path in paths), *files]
    done = [f"{RUN.format(run=run)}/tables/records.csv" for run in experiment.runs]
    actual = {"actual": [RUN.format(run=run) for run in experiment.runs]}
    return [
        Result(
            "plan", "What the run will cost, before anything is spent", "table", "results/plan_run", "", "plan",
            options=options, awaited=waits, **common,
        ),
        Result(
            "plan_and_actual", "Requests, tokens and hours, planned and measured", "table", "results/plan_run", section,
            "plan_and_actual", options={**options, **actual}, awaited=[*waits, *done], **common,
        ),
    ]  # fmt: skip
