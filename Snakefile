"""Iterative self-refinement of code language models: runs an experiment with the method that the config names."""

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"
include: "rules/lifecycle.smk"
include: f"rules/{EXPERIMENT.method.name}/method.smk"


report: "report/workflow.rst"


wildcard_constraints:
    run=any_of(EXPERIMENT.runs),
    work=any_of({asking.work: None for asking in EXPERIMENT.method.askings(EXPERIMENT)}),
    student=any_of([*EXPERIMENT.students, BASELINES]),
    variant=any_of([*EXPERIMENT.variants, *EXPERIMENT.baselines]),
    benchmark=any_of(EXPERIMENT.benchmarks),
    iteration=r"\d+",
    round=r"\d+",
    shard=r"\d+",


onstart:
    lift_default_job_limit()
    begin_cluster_run()
    print(f"{EXPERIMENT.label}: results go to {EXPERIMENT.folder}/", flush=True)


onsuccess:
    end_cluster_run()


onerror:
    end_cluster_run()


rule all:
    """Make everything that the config asks for."""
    default_target: True
    input:
        EXPERIMENT.targets(),
