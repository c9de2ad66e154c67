"""Which files an experiment in ACR is made of: data sets by iteration, what is measured, what is compared with what."""

from collections.abc import Iterator, Sequence
from typing import Any

from refinement.experiment import benchmarks
from refinement.experiment.commands import as_json
from refinement.experiment.experiment import FURTHER, Experiment
from refinement.experiment.method import Asking
from refinement.experiment.paths import BASELINES, BENCHMARK, RUN, VARIANT

INSTRUCTIONS = f"{RUN}/instructions"
SCORING, FEEDBACK = "scoring", "feedback"  # works: table 4 and figure 4
STRATEGY = ("on_self_win", "on_original_win")
PASS_TABLES = ("table1", "table2", "table5")  # of pass@1; baselines are measured on their benchmarks
_STAGES = ("samples", "executions", "judgements", "best", "comparisons", "critiques")


def first_dataset(experiment: Experiment, run: str, variant: str) -> str:
    """D_0 of a variant: the teacher's, or that of a teacher who errs otherwise."""
    folder = RUN.format(run=run)
    is_other = "teacher" in experiment.variants[variant]
    return f"{folder}/d0/{variant}/d0.jsonl" if is_other else f"{folder}/d0.jsonl"


def dataset(experiment: Experiment, wildcards: Any, back: int = 0) -> str:
    """D_t of the iteration that a rule's wildcards name, or D_{t-back}: the teacher's, or what ACR refined."""
    iteration = experiment.at(wildcards, back)
    if iteration.number == 0:
        return first_dataset(experiment, wildcards.run, wildcards.variant)
    return iteration.file("dataset.jsonl")


def executions_before(experiment: Experiment, wildcards: Any) -> list[str]:
    """The executions of iteration t - 1, whose answers, and many of whose samples, come again in iteration t.

    One file to wait for instead of all shards of the sandbox's results, each
    of which every shard of this iteration would depend on.
    """
    is_first = int(wildcards.iteration) == 0
    return [] if is_first else [experiment.at(wildcards, back=1).file("executions.jsonl")]


def critiques_before(experiment: Experiment, wildcards: Any) -> list[str]:
    """The critiques of iteration t - 1, where the variant uses them."""
    is_used = experiment.variants[wildcards.variant]["on_original_win"] == "critique"
    return [experiment.at(wildcards, back=1).file("critiques.jsonl")] if is_used else []


def strategy(experiment: Experiment, variant: str) -> str:
    """What a variant does with a win of either side, as JSON."""
    return as_json({name: experiment.variants[variant][name] for name in STRATEGY})


def sampled_model(experiment: Experiment, wildcards: Any) -> list[str]:
    """M_t, to wait for; none where its answers are replayed from an earlier run."""
    is_replayed = experiment.roles["student"]["backend"] == "replay"
    return [] if is_replayed else [experiment.at(wildcards).file("model")]


def teacher_reader(stage: str) -> str:
    """The reader of the teacher's answers in a stage: ideas, then evolutions, then answers to instructions."""
    return {"round_0": "acr.concepts", "answers": "anything"}.get(stage, "acr.evolution")


def evolution_templates(experiment: Experiment) -> list[str]:
    """The template file of each strategy of evolution."""
    folder, strategies = experiment.config["prompts"]["evolution"], experiment.config["instructions"]["strategies"]
    return [f"{folder}/{name}.txt" for name in strategies]


# What is measured


def measured_benchmarks(experiment: Experiment) -> list[str]:
    """The benchmarks that some table or figure is of."""
    shown = (*experiment.tables.values(), *experiment.figures.values())
    return sorted({name for names in shown for name in names})


def tabulated_benchmarks(experiment: Experiment) -> list[str]:
    """The benchmarks of the tables of pass@1, by which baselines are measured."""
    return sorted({name for table in PASS_TABLES for name in experiment.tables.get(table, ())})


def final_models(experiment: Experiment, wildcards: Any) -> list[str]:
    """M_T of the method."""
    return experiment.models(wildcards.student, experiment.main_variant, wildcards.run, [experiment.final])


def tried_models(experiment: Experiment, wildcards: Any) -> list[str]:
    """The models whose failures get a second try."""
    tried = experiment.config["feedback"]["iterations"]
    return experiment.models(wildcards.student, experiment.main_variant, wildcards.run, tried)


def askings(experiment: Experiment) -> Iterator[Asking]:
    """Which models answer which benchmarks together: the method's, its siblings', the baselines', and the studies'."""
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
    """Student, benchmark, variant and work of each file of outcomes that effects are measured on."""
    main = experiment.main_variant
    for student, benchmark in experiment.pairs(measured_benchmarks(experiment)):
        yield student, benchmark, main, "benchmarks"
        if experiment.goes_further and benchmark in experiment.figures.get("figure6", ()):
            yield student, benchmark, main, FURTHER
        if benchmark in experiment.figures.get("figure3", ()):
            yield from ((student, benchmark, variant, "benchmarks") for variant in experiment.siblings)


def compared_outcomes(experiment: Experiment) -> list[str]:
    """These files of outcomes."""
    return [
        BENCHMARK.format(run="{run}", student=student, variant=variant, work=work, benchmark=benchmark)
        + "/outcomes.jsonl"
        for student, benchmark, variant, work in comparisons(experiment)
    ]


def comparison_entries(experiment: Experiment) -> list[dict[str, Any]]:
    """What each of these files is of: student and benchmark, by their titles, and the variant's entry."""
    return [
        {
            "student": experiment.students[student]["title"],
            "benchmark": experiment.benchmarks[benchmark]["title"],
            "variant": experiment.variants[variant],
        }
        for student, benchmark, variant, _ in comparisons(experiment)
    ]


def effect_titles(experiment: Experiment) -> dict[str, list[str]]:
    """What the summaries of selections and of second tries are of."""

    def titles(names: Sequence[str]) -> list[str]:
        entries = benchmarks.summary_entries(experiment, names)
        several = len(experiment.students) > 1
        return [f"{of['student']}, {of['benchmark']}" if several else of["benchmark"] for of in entries]

    return {
        "selections": titles(experiment.tables.get("table4", ())),
        "feedback": titles(experiment.figures.get("figure4", ())),
    }


def last_models(experiment: Experiment) -> list[str]:
    """The last model of every variant, student and run."""
    models = []
    for run in experiment.runs:
        for student in experiment.students:
            for variant, entry in experiment.variants.items():
                last = entry["iterations"]
                if experiment.owner_of_iteration(variant, last) == variant:
                    models.append(experiment.iteration(run, student, variant, last).file("model"))
    return models


# The account of records


def _chain_counts(experiment: Experiment, student: str, variant: str) -> list[str]:
    """Counts of every step of a variant's own iterations, and of the answers to its benchmarks."""
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
    """The counts of every step up to the tables, in the order of the method."""
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
