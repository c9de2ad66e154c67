"""What an ACR experiment hands to its plan: chains, benchmarks and templates; and the tables of the plan."""

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
    """For every variant of every student, the iterations that are trained, sampled and criticized."""
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


def _benchmark_entries(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """An entry for each benchmark that the models of a variant, or a baseline, answer for a kind of work."""
    main, tables, figures = experiment.main_variant, experiment.tables, experiment.figures
    for student in experiment.students.values():
        for variant in experiment.variants:
            measured = measured_benchmarks(experiment) if variant == main else figures.get("figure3", ())
            for name in benchmarks.benchmarks_to_answer(experiment, measured):
                yield _benchmark_entry(experiment, student, variant, "benchmarks", name)
        if experiment.goes_further:
            for name in benchmarks.benchmarks_to_answer(experiment, figures.get("figure6", ())):
                yield _benchmark_entry(experiment, student, main, FURTHER, name)
        for name in tables.get("table4", ()):
            samples = experiment.config["scoring_study"]["samples"]
            yield _benchmark_entry(experiment, student, main, SCORING, name, 1, samples)
        for name in figures.get("figure4", ()):
            models = len(experiment.config["feedback"]["iterations"])
            yield _benchmark_entry(experiment, student, main, FEEDBACK, name, models, 1)
    names = benchmarks.benchmarks_to_answer(experiment, tabulated_benchmarks(experiment))
    for baseline, name in benchmarks.baseline_pairs(experiment, names):
        entry = {"name": BASELINES, "title": _name_in_plan(experiment, baseline)}
        yield _benchmark_entry(experiment, entry, baseline, "benchmarks", name)


def _name_in_plan(experiment: Experiment, baseline: str) -> str:
    """The name of a baseline in the plan: its title, or the name of a paid model, by which the price is found."""
    entry = experiment.baselines[baseline]
    return entry["model" if entry.get("backend") == "endpoint" else "title"]


def _benchmark_entry(
    experiment: Experiment, student: Mapping[str, Any], variant: str, work: str, name: str,
    models: int | None = None, samples: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """An entry for one benchmark; by default all measured models answer it, as often as its decoding says."""
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
    """The number of problems of a benchmark, or the file of its problems if the config does not say the number."""
    entry = experiment.benchmarks[name]
    known = entry.get("size") or experiment.config["plan"]["problems"].get(name)
    if known is None:
        return benchmarks.problems(experiment, experiment.name, name)
    return min(known, entry.get("limit", known))


def _baselines_gpus(experiment: Experiment) -> dict[str, int]:
    """The GPUs of a job in which a baseline answers, by the baseline's name in the plan."""
    return {
        _name_in_plan(experiment, name): resources.gpus(
            experiment, "benchmark", answering_for_baseline(experiment, name)
        )
        for name in experiment.baselines
    }


def settings(experiment: Experiment) -> dict[str, Any]:
    """The settings from which :class:`refinement.methods.acr.plan.Planner` plans a run."""
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
        "solved": list(_benchmark_entries(experiment)),
        "plan": {key: value for key, value in config["plan"].items() if key != "measured"},
    }


def _templates(experiment: Experiment) -> dict[str, list[str]]:
    """The template files whose tokens the plan counts, as lists by their name in the config."""
    single = {name: [path] for name, path in experiment.config["prompts"].items() if name != "evolution"}
    return {**single, "evolution": evolution_templates(experiment)}


def _snippets(experiment: Experiment) -> list[str]:
    """The file of the harvested snippets; empty if the harvest needs a download, which a plan must not start."""
    guards = [entry.get("source", []) for entry in experiment.benchmarks.values() if entry["decontaminate"]]
    places = [experiment.config["snippets"]["source"], *(place for guard in guards for place in as_list(guard))]
    is_remote = any(place.startswith(("hub:", "evalplus:")) for place in places)
    return [] if is_remote else [f"{experiment.folder}/snippets/snippets.jsonl"]


def _measured_state(folders: Sequence[str]) -> list[int]:
    """Number and total size of an earlier run's responses; when these change, the plan is made again."""
    found = [path.stat().st_size for folder in folders for path in Path(folder).rglob("responses/*.jsonl")]
    return [len(found), sum(found)]


def plan_results(experiment: Experiment, section: str) -> list[Result]:
    """Two tables of the whole experiment: the plan, and the plan beside the measured numbers."""
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
