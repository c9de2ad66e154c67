"""The files of an ACR experiment: data sets by iteration, measured models and benchmarks, compared outcomes."""

from collections.abc import Iterator, Sequence
from typing import Any

from refinement.experiment import benchmarks
from refinement.experiment.commands import as_json
from refinement.experiment.experiment import FURTHER, Experiment
from refinement.experiment.method import Asking
from refinement.experiment.paths import BASELINES, BENCHMARK, RUN, VARIANT

INSTRUCTIONS = f"{RUN}/instructions"
SCORING, FEEDBACK = "scoring", "feedback"  # the kinds of work behind table 4 and figure 4
STRATEGY = ("on_self_win", "on_original_win")
PASS_TABLES = ("table1", "table2", "table5")  # the tables of pass@1; their benchmarks also measure the baselines
_STAGES = ("samples", "executions", "judgements", "best", "comparisons", "critiques")


def first_dataset(experiment: Experiment, run: str, variant: str) -> str:
    """The file of a variant's D_0: the shared one, unless the variant changes the teacher's options."""
    folder = RUN.format(run=run)
    has_own_teacher = "teacher" in experiment.variants[variant]
    return f"{folder}/d0/{variant}/d0.jsonl" if has_own_teacher else f"{folder}/d0.jsonl"


def dataset(experiment: Experiment, wildcards: Any, back: int = 0) -> str:
    """The file of D_{t - back}, where the wildcards of a rule name iteration t."""
    iteration = experiment.at(wildcards, back)
    if iteration.number == 0:
        return first_dataset(experiment, wildcards.run, wildcards.variant)
    return iteration.file("dataset.jsonl")


def executions_before(experiment: Experiment, wildcards: Any) -> list[str]:
    """The executions of iteration t - 1; empty for t = 0.

    Iteration t meets the answers of D_t and many of the samples again, and need not execute these programs twice.
    Rules wait for this one file. If they waited for all shards of the sandbox's results instead, every shard of
    iteration t would depend on every shard of iteration t - 1.
    """
    is_first = int(wildcards.iteration) == 0
    return [] if is_first else [experiment.at(wildcards, back=1).file("executions.jsonl")]


def critiques_before(experiment: Experiment, wildcards: Any) -> list[str]:
    """The critiques of iteration t - 1; empty for a variant that does not use critiques."""
    is_used = experiment.variants[wildcards.variant]["on_original_win"] == "critique"
    return [experiment.at(wildcards, back=1).file("critiques.jsonl")] if is_used else []


def strategy(experiment: Experiment, variant: str) -> str:
    """What a variant does when its own answer wins, and when the original answer wins, as JSON."""
    return as_json({name: experiment.variants[variant][name] for name in STRATEGY})


def sampled_model(experiment: Experiment, wildcards: Any) -> list[str]:
    """The folder of M_t, which sampling waits for; empty if the samples are replayed from an earlier run."""
    is_replayed = experiment.roles["student"]["backend"] == "replay"
    return [] if is_replayed else [experiment.at(wildcards).file("model")]


def teacher_reader(stage: str) -> str:
    """The name of the reader for the teacher's answers in a stage: ``round_0``, ``round_1``, ... or ``answers``."""
    return {"round_0": "acr.concepts", "answers": "anything"}.get(stage, "acr.evolution")


def evolution_templates(experiment: Experiment) -> list[str]:
    """The template file of each strategy of evolution."""
    folder, strategies = experiment.config["prompts"]["evolution"], experiment.config["instructions"]["strategies"]
    return [f"{folder}/{name}.txt" for name in strategies]


# Measured models and benchmarks


def measured_benchmarks(experiment: Experiment) -> list[str]:
    """The benchmarks that any table or figure shows, sorted by name."""
    shown = (*experiment.tables.values(), *experiment.figures.values())
    return sorted({name for names in shown for name in names})


def tabulated_benchmarks(experiment: Experiment) -> list[str]:
    """The benchmarks that the tables of pass@1 show, and on which baselines are therefore measured."""
    return sorted({name for table in PASS_TABLES for name in experiment.tables.get(table, ())})


def final_models(experiment: Experiment, wildcards: Any) -> list[str]:
    """The folder of the method's M_T."""
    return experiment.models(wildcards.student, experiment.main_variant, wildcards.run, [experiment.final])


def tried_models(experiment: Experiment, wildcards: Any) -> list[str]:
    """The folders of the models whose failed answers get a second try."""
    tried = experiment.config["feedback"]["iterations"]
    return experiment.models(wildcards.student, experiment.main_variant, wildcards.run, tried)


def askings(experiment: Experiment) -> Iterator[Asking]:
    """Which models answer which benchmarks in one job: the method, other variants, baselines, and the two studies."""
    main, tables, figures = [experiment.main_variant], experiment.tables, experiment.figures
    yield Asking("benchmarks", main, measured_benchmarks(experiment))
    yield Asking("benchmarks", experiment.siblings, figures.get("figure3", ()))
    yield Asking(
        "benchmarks", [*experiment.baselines], tabulated_benchmarks(experiment) or [*experiment.benchmarks]
    )  # fmt: skip
    yield Asking(FURTHER, main, figures.get("figure6", ()))
    yield Asking(SCORING, main, tables.get("table4", ()), own=True, iterations=[experiment.final])
    yield Asking(
        FEEDBACK, main, figures.get("figure4", ()), own=True, iterations=experiment.config["feedback"]["iterations"]
    )


def comparisons(experiment: Experiment) -> Iterator[tuple[str, str, str, str]]:
    """The student, benchmark, variant and kind of work of each outcomes file that effects are measured on."""
    main = experiment.main_variant
    for student, benchmark in experiment.pairs(measured_benchmarks(experiment)):
        yield student, benchmark, main, "benchmarks"
        if experiment.goes_further and benchmark in experiment.figures.get("figure6", ()):
            yield student, benchmark, main, FURTHER
        if benchmark in experiment.figures.get("figure3", ()):
            yield from ((student, benchmark, variant, "benchmarks") for variant in experiment.siblings)


def compared_outcomes(experiment: Experiment) -> list[str]:
    """The outcomes files of :func:`comparisons`, in the same order."""
    return [
        BENCHMARK.format(run="{run}", student=student, variant=variant, work=work, benchmark=benchmark)
        + "/outcomes.jsonl"
        for student, benchmark, variant, work in comparisons(experiment)
    ]


def comparison_entries(experiment: Experiment) -> list[dict[str, Any]]:
    """The titles of student and benchmark and the variant's config entry, for each of :func:`compared_outcomes`."""
    return [
        {
            "student": experiment.students[student]["title"],
            "benchmark": experiment.benchmarks[benchmark]["title"],
            "variant": experiment.variants[variant],
        }
        for student, benchmark, variant, _ in comparisons(experiment)
    ]


def effect_titles(experiment: Experiment) -> dict[str, list[str]]:
    """A title for each summary of the scoring study (table 4) and of second tries (figure 4)."""

    def titles(names: Sequence[str]) -> list[str]:
        entries = benchmarks.summary_entries(experiment, names)
        several = len(experiment.students) > 1
        return [f"{entry['student']}, {entry['benchmark']}" if several else entry["benchmark"] for entry in entries]

    return {
        "selections": titles(experiment.tables.get("table4", ())),
        "feedback": titles(experiment.figures.get("figure4", ())),
    }


def last_models(experiment: Experiment) -> list[str]:
    """The last model of every variant of every student in every run."""
    models = []
    for run in experiment.runs:
        for student in experiment.students:
            for variant, entry in experiment.variants.items():
                last = entry["iterations"]
                if experiment.owner_of_iteration(variant, last) == variant:
                    models.append(experiment.iteration(run, student, variant, last).file("model"))
    return models


# The counts files of all steps


def _chain_counts(experiment: Experiment, student: str, variant: str) -> list[str]:
    """The counts files of the iterations that lie under a variant, and of its answers to benchmarks."""
    entry, is_main = experiment.variants[variant], variant == experiment.main_variant
    counts: list[str] = []
    for t in experiment.own_iterations(variant):
        iteration = experiment.iteration("{run}", student, variant, t)
        counts += [iteration.file("dataset.counts.json")] if t else []
        counts.append(iteration.file("model.counts.json"))
        if t < entry["iterations"]:
            stages = _STAGES if entry["on_original_win"] == "critique" else _STAGES[:-1]
            counts += [iteration.file(f"{stage}.counts.json") for stage in stages]
    folder = VARIANT.format(run="{run}", student=student, variant=variant)
    if "figure3" in experiment.figures or is_main:
        names = measured_benchmarks(experiment) if is_main else experiment.figures["figure3"]
        counts += [f"{folder}/benchmarks/{name}/solutions.counts.json" for name in names]
    if is_main and experiment.goes_further:
        further = experiment.figures.get("figure6", ())
        counts += [f"{folder}/{FURTHER}/{name}/solutions.counts.json" for name in further]
    return counts


def accounts(experiment: Experiment) -> list[str]:
    """The counts files of every step before the tables, in the order of the method."""
    counts = [f"{RUN}/snippets/snippets.counts.json"]
    rounds = range(experiment.config["instructions"]["rounds"] + 1)
    counts += [f"{INSTRUCTIONS}/round_{number}.counts.json" for number in rounds]
    counts += [f"{INSTRUCTIONS}/{name}.counts.json" for name in ("selected", "gated")]
    counts.append(f"{RUN}/d0.counts.json")
    others = (name for name, entry in experiment.variants.items() if "teacher" in entry)
    counts += [f"{RUN}/d0/{name}/d0.counts.json" for name in others]
    for student in experiment.students:
        for variant in experiment.variants:
            counts += _chain_counts(experiment, student, variant)
        folder = VARIANT.format(run="{run}", student=student, variant=experiment.main_variant)
        for name in experiment.tables.get("table4", ()):
            counts += [f"{folder}/{SCORING}/{name}/{step}.counts.json" for step in ("solutions", "judgements")]
        for name in experiment.figures.get("figure4", ()):
            counts += [f"{folder}/{FEEDBACK}/{name}/{step}.counts.json" for step in ("second_tries", "solutions")]
    return counts + [
        f"{BENCHMARK.format(run='{run}', student=BASELINES, variant=baseline, work='benchmarks', benchmark=name)}"
        "/solutions.counts.json"
        for baseline, name in benchmarks.baseline_pairs(experiment, tabulated_benchmarks(experiment))
    ]
