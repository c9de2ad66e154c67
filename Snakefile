"""Iterative self-refinement of code language models: RefineCoder's ACR, from seed snippets to tables and figures."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/seeds.smk"
include: "rules/instructions.smk"
include: "rules/leakage_inputs.smk"
include: "rules/leakage.smk"
include: "rules/student.smk"
include: "rules/sampling.smk"
include: "rules/ranking.smk"
include: "rules/refining.smk"
include: "rules/benchmark.smk"
include: "rules/scoring.smk"
include: "rules/second_tries.smk"
include: "rules/analysis.smk"
include: "rules/plan.smk"
include: "rules/reference.smk"
include: "rules/report.smk"


report: "report/workflow.rst"


wildcard_constraints:
    run=any_of(RUNS),
    work="benchmarks|further|scoring|feedback",
    student=any_of([*STUDENTS, "baselines"]),
    variant=any_of([*VARIANTS, *BASELINES]),
    benchmark=any_of(BENCHMARKS),
    iteration=r"\d+",
    round=r"\d+",
    shard=r"\d+",
    table="table[125]",


onstart:
    lift_default_job_limit()
    begin_cluster_run()
    print(f"{config['label']}: results go to {HOME}/", flush=True)


onsuccess:
    end_cluster_run()


onerror:
    end_cluster_run()


rule all:
    """Everything that the config asks for."""
    default_target: True
    input:
        final_targets(),
