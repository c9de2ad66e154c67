"""Tables and figures that all methods share; each method adds those that it wants to its results."""

from collections.abc import Sequence
from typing import Any

from refinement.experiment import benchmarks, leakage, training
from refinement.experiment.commands import as_json
from refinement.experiment.experiment import Experiment
from refinement.experiment.paths import RUN
from refinement.experiment.result import Result

MANIFEST = "manifest.json"


def reference(experiment: Experiment) -> str:
    """The file with the published numbers of the method's paper."""
    return experiment.project_file(f"reference/{experiment.method.name}.yaml")


def manifest(name: str) -> dict[str, str]:
    """A further output of a table: the inputs, models and versions behind its numbers."""
    return {"manifest": f"tables/{name}.{MANIFEST}"}


def _published(experiment: Experiment, names: Sequence[str]) -> list[str]:
    """The file of published numbers, if the config names a published column for any of these benchmarks; else empty."""
    return [reference(experiment)] if any("published" in experiment.benchmarks[name] for name in names) else []


def passes(experiment: Experiment, name: str, title: str, section: str, names: Sequence[str], **more: Any) -> Result:
    """The table of pass@1 by iteration on some benchmarks: students first, then baselines."""
    return Result(
        name,
        title,
        "table",
        "results/tabulate_passes",
        section,
        "table",
        inputs={
            "files": [
                *benchmarks.summaries(experiment, "benchmarks", names),
                *benchmarks.baseline_summaries(experiment, names),
            ],
            "reference": _published(experiment, names),
        },
        options={
            "entries": as_json(benchmarks.published_entries(experiment, names)),
            "name": name,
            "label": experiment.label,
        },
        beside=manifest(name),
        wanted=bool(names),
        **more,
    )


def baselines(experiment: Experiment) -> Result:
    """The table of all baselines on all benchmarks, which is a target but not on the page."""
    names = list(experiment.benchmarks)
    return Result(
        "baselines",
        "Baselines on all benchmarks; no model is trained",
        "table",
        "results/tabulate_passes",
        "",
        "table",
        inputs={
            "files": benchmarks.baseline_summaries(experiment, names),
            "reference": _published(experiment, names),
        },
        options={
            "entries": as_json(benchmarks.baseline_entries(experiment, names)),
            "name": "baselines",
            "label": experiment.label,
        },
        beside=manifest("baselines"),
        wanted=bool(experiment.baselines and names),
    )


def leakage_of_datasets(
    experiment: Experiment, table: str, figure: str, section: str, number: tuple[str, str]
) -> list[Result]:
    """The table and the figure of the leakage of benchmarks into data sets; ``number``: their names in the paper."""
    common = {"inputs": {"files": [f"{RUN}/leakage/datasets.json"]}, "wanted": bool(leakage.datasets(experiment))}
    options = {"entries": as_json(leakage.entries(experiment)), "label": experiment.label}
    inputs = {**common["inputs"], "reference": [reference(experiment)]}
    return [
        Result(
            table,
            f"{number[0]}: leakage of data sets into benchmarks",
            "table",
            "leakage/tabulate_leakage",
            section,
            "leakage_of_datasets",
            inputs=inputs,
            options=options,
            beside=manifest(table),
            wanted=common["wanted"],
            decimals=2,
            over_seeds=True,
        ),
        Result(
            figure,
            f"{number[1]}: the records nearest to a benchmark",
            "figure",
            "leakage/plot_leakage",
            section,
            "nearest_records",
            options=options,
            **common,
        ),
    ]


def leakage_by_iteration(experiment: Experiment, section: str) -> Result:
    """The table of leakage by iteration: critiques against questions, responses against canonical solutions."""
    measured = [
        f"{RUN}/leakage/{student}/{measure}.json"
        for student in experiment.students
        for measure in leakage.turn_measures(experiment)
    ]
    return Result(
        "leakage",
        "Overlap of critiques and responses by iteration",
        "table",
        "leakage/tabulate_turns",
        section,
        "leakage",
        inputs={"files": measured},
        options={"entries": as_json(leakage.turn_entries(experiment)), "label": experiment.label},
        beside=manifest("leakage"),
        decimals=2,
        over_seeds=True,
    )


def records(experiment: Experiment, section: str) -> Result:
    """The table of records in, out and rejected at every step."""
    return Result(
        "records",
        "The account of records",
        "table",
        "results/count_records",
        section,
        "records",
        inputs={"files": experiment.method.accounts(experiment)},
        options={"below": RUN, "label": experiment.label},
    )


def training_curves(experiment: Experiment, section: str) -> Result:
    """The figure of each model's training loss by update, with the throughput as a further output."""
    return Result(
        "training",
        "Training loss by update",
        "figure",
        "results/plot_training",
        section,
        "training",
        inputs={"files": training.logs(experiment)},
        options={"entries": as_json(training.log_entries(experiment)), "label": experiment.label},
        beside={"speeds": "training_speed.csv"},
    )


def seeds(experiment: Experiment, section: str, results: Sequence[Result]) -> Result:
    """The table of means and standard deviations over seeds of every number in some tables and figures."""
    summarized = [result for result in results if result.wanted and result.over_seeds]
    return Result(
        "seeds",
        "Mean and standard deviation over seeds",
        "table",
        "results/summarize_seeds",
        section,
        "seeds",
        inputs={"files": [result.file(run, "csv") for result in summarized for run in experiment.runs]},
        options={"seeds": [*experiment.runs.values()], "label": experiment.label},
        once=True,
        wanted=len(experiment.runs) > 1,
    )


def audit(experiment: Experiment, section: str) -> Result:
    """The table that audits the published tables for consistency."""
    return Result(
        "audit",
        "The audit of the published tables",
        "table",
        "results/audit_tables",
        section,
        "audit",
        inputs={"files": [reference(experiment)]},
        beside={"cells": "tables/audit_cells.csv"},
        once=True,
        decimals=None,
        look="audit",
        said="published numbers, none measured in this run",
    )


def claims(experiment: Experiment, section: str) -> Result:
    """The table of the paper's claims with our numbers over all seeds."""
    return Result(
        "claims",
        "The paper's claims beside ours",
        "table",
        "results/judge_claims",
        section,
        "claims",
        inputs={
            "files": [f"{RUN.format(run=run)}/effects.csv" for run in experiment.runs],
            "reference": [reference(experiment)],
        },
        options={"label": experiment.label},
        once=True,
        look="ledger",
    )
