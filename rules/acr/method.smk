"""Adaptive Critique Refinement (RefineCoder): includes its stages, in order, and the rules that methods share."""

from refinement.methods.acr import experiment as acr

SAMPLES = config["scoring"]["samples"]
ITERATION_LOGS, ITERATION_TIMES = logs_of(ITERATION), times_of(ITERATION)


def dataset_of(wildcards):
    """The file of D_t: D_0 from the teacher, or the data set that the previous iteration refined."""
    return acr.dataset(EXPERIMENT, wildcards)


def responses_of(stage, role):
    """All shards of the responses to the requests of a stage in an iteration."""
    return expand(f"{ITERATION}/responses/{stage}.{{shard}}.jsonl", shard=shards_of(role), allow_missing=True)


include: "../shared/problems.smk"
include: "../shared/leakage.smk"
include: "snippets.smk"
include: "instructions.smk"
include: "d0.smk"
include: "../shared/student.smk"
include: "sampling.smk"
include: "ranking.smk"
include: "refining.smk"
include: "../shared/asking.smk"
include: "../shared/benchmark.smk"
include: "scoring.smk"
include: "second_tries.smk"
include: "effects.smk"
include: "../shared/results.smk"
include: "../shared/page.smk"
