"""The tables and figures of RefineCoder, and the sections of the result page."""

from refinement.experiment import benchmarks, shared_results
from refinement.experiment.commands import as_json
from refinement.experiment.experiment import FURTHER, Experiment
from refinement.experiment.paths import VARIANT
from refinement.experiment.result import Result, Section
from refinement.methods.acr.experiment import FEEDBACK, SCORING
from refinement.methods.acr.planned import plan_results

SECTIONS = (
    Section("results", "Main results"),
    Section("ablations", "Ablations and controls"),
    Section("kinds", "Kinds of data"),
    Section("scoring", "The scoring system"),
    Section("tries", "Second tries"),
    Section("overlap", "Leakage into benchmarks"),
    Section("spread", "Spread over seeds"),
    Section("verdicts", "Claims"),
    Section("published", "Audit of the published tables"),
    Section("accounts", "Records in and out"),
    Section("learning", "Training"),
    Section("cost", "Plan and what it came to"),
)


PASS_TITLES = {
    "table2": "fundamental coding ability",
    "table1": "advanced coding ability",
    "table5": "other languages",
}


def _selection(experiment: Experiment) -> Result:
    names = experiment.tables.get("table4", [])
    entries = []
    for student, name in experiment.pairs(names):
        places = experiment.published(experiment.students[student], name)
        places |= {"row": f"{places['row']} Iter{experiment.final}"} if "row" in places else {}
        model = f"{experiment.students[student]['title']}, iteration {experiment.final}"
        entries.append({"model": model, "benchmark": experiment.benchmarks[name]["title"], **places})
    is_published = any("published" in experiment.benchmarks[name] for name in names)
    return Result(
        "table4",
        "Table 4: the scoring system",
        "table",
        "acr/tabulate_selection",
        "scoring",
        "acr/table4",
        inputs={
            "files": benchmarks.summaries(experiment, SCORING, names),
            "reference": [shared_results.reference(experiment)] if is_published else [],
        },
        options={"entries": as_json(entries), "label": experiment.label},
        beside=shared_results.manifest("table4"),
        wanted=bool(names),
        over_seeds=True,
    )


def _variants(experiment: Experiment) -> Result:
    names = experiment.figures.get("figure3", [])
    pairs = [(*pair, variant) for pair in experiment.pairs(names) for variant in experiment.variants]
    last_iterations = [experiment.variants[name]["iterations"] for name in experiment.siblings]
    entries = [
        {
            "student": experiment.students[student]["title"],
            "variant": experiment.variants[variant]["title"],
            "benchmark": experiment.benchmarks[name]["title"],
        }
        for student, name, variant in pairs
    ]
    return Result(
        "figure3",
        "Figure 3: ablations and controls",
        "figure",
        "acr/plot_variants",
        "ablations",
        "acr/figure3",
        inputs={
            "files": [
                f"{VARIANT.format(run='{run}', student=student, variant=variant)}/benchmarks/{name}/summary.json"
                for student, name, variant in pairs
            ]
        },
        # The figure compares the variants at the last iteration that any variant besides the method reaches.
        options={
            "entries": as_json(entries),
            "last": max(last_iterations, default=experiment.final),
            "label": experiment.label,
        },
        wanted=bool(names),
        over_seeds=True,
    )


def _feedback(experiment: Experiment) -> Result:
    names, settings = experiment.figures.get("figure4", []), experiment.config["feedback"]
    return Result(
        "figure4",
        "Figure 4: a second try with feedback",
        "figure",
        "acr/plot_feedback",
        "tries",
        "acr/figure4",
        inputs={"files": benchmarks.summaries(experiment, FEEDBACK, names)},
        options={
            "entries": as_json(benchmarks.summary_entries(experiment, names)),
            "format": settings["format"],
            "cases": settings["cases"],
            "label": experiment.label,
        },
        wanted=bool(names),
        over_seeds=True,
    )


def _iterations(experiment: Experiment) -> Result:
    names = experiment.figures.get("figure6", [])
    works = ("benchmarks", FURTHER) if experiment.goes_further else ("benchmarks",)
    return Result(
        "figure6",
        "Figure 6: pass@1 over more iterations",
        "figure",
        "acr/plot_iterations",
        "results",
        "acr/figure6",
        inputs={"files": [path for work in works for path in benchmarks.summaries(experiment, work, names)]},
        options={
            "entries": as_json(benchmarks.summary_entries(experiment, names) * len(works)),
            "final": experiment.final,
            "label": experiment.label,
        },
        wanted=bool(names),
        over_seeds=True,
    )


def _kinds(experiment: Experiment) -> Result:
    main, span = experiment.main_variant, slice(1, experiment.final + 1)
    return Result(
        "figure5",
        "Figure 5: kinds of data by iteration",
        "figure",
        "acr/plot_kinds",
        "kinds",
        "acr/figure5",
        inputs={
            "files": [
                path
                for student in experiment.students
                for path in experiment.files_by_iteration(student, main, "dataset.counts.json")[span]
            ]
        },
        options={
            "students": as_json([student["title"] for student in experiment.students.values()]),
            "label": experiment.label,
        },
        demo=True,
        over_seeds=True,
    )


def results(experiment: Experiment) -> list[Result]:
    """All tables and figures, in the order of the page; the table over seeds lists tables first, then figures."""
    tables = experiment.tables
    shown = {"demo": True, "over_seeds": True}
    table2, table1, table5 = (
        shared_results.passes(experiment, name, f"Table {name[-1]}: {of}", "results", tables.get(name, []), **shown)
        for name, of in PASS_TITLES.items()
    )
    figure3, figure4, figure5, figure6 = (make(experiment) for make in (_variants, _feedback, _kinds, _iterations))
    table4 = _selection(experiment)
    table3, figure7 = shared_results.leakage_of_datasets(
        experiment, "table3", "figure7", "overlap", ("Table 3", "Figure 7")
    )
    leakage = shared_results.leakage_by_iteration(experiment, "overlap")
    over_seeds = [table1, table2, table4, table5, table3, leakage, figure3, figure4, figure6, figure5]
    return [
        table2,
        table1,
        table5,
        figure6,
        figure3,
        figure5,
        table4,
        figure4,
        table3,
        figure7,
        leakage,
        shared_results.seeds(experiment, "spread", over_seeds),
        shared_results.claims(experiment, "verdicts"),
        shared_results.audit(experiment, "published"),
        shared_results.records(experiment, "accounts"),
        shared_results.training_curves(experiment, "learning"),
        *plan_results(experiment, "cost"),
        shared_results.baselines(experiment),
    ]
