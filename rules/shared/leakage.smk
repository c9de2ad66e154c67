"""Leakage: the overlap with benchmarks of data sets, and of the critiques and responses of each iteration."""

from refinement.experiment import leakage

LEAK = f"{RUN}/leakage"


# The local files with the benchmarks' questions.
question_files = lambda wildcards: leakage.question_files(EXPERIMENT, wildcards.run)
# A parameter: the options of measure_leakage for questions (part "field") or canonical solutions ("solution").
questions_read = lambda part, names=None: lambda wildcards: leakage.question_arguments(
    EXPERIMENT, wildcards.run, part, names
)
# A parameter: the options of measure_leakage for the data sets of all iterations.
iterations_read = lambda wildcards, input: leakage.iteration_arguments(input.datasets)


rule measure_leakage:
    """Measure the leakage of all benchmarks into all data sets of table 3, in one pass."""
    input:
        datasets=lambda wildcards: leakage.dataset_files(EXPERIMENT, wildcards.run),
        questions=question_files,
    output:
        f"{LEAK}/datasets.json",
    log:
        f"{LOGS}/measure_leakage.log",
    benchmark:
        f"{TIMES}/measure_leakage.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        datasets=lambda wildcards: leakage.dataset_arguments(EXPERIMENT, wildcards.run),
        questions=questions_read("field"),
        numbers=leakage.numbers(EXPERIMENT, "k", "nearest", "top", "threshold", "stretch"),
    message:
        "measure the leakage of benchmarks into data sets"
    shell:
        'python "$STEPS/leakage/measure_leakage.py" {params.datasets:q} {params.questions:q} {params.numbers:q}'
        " --output {output:q} > {log:q} 2>&1"


rule measure_critiques:
    """Measure the overlap of questions with the critiques of each D_t, which are the user's later turns."""
    input:
        datasets=lambda wildcards: leakage.datasets_by_iteration(EXPERIMENT, wildcards.run, wildcards.student),
        questions=question_files,
    output:
        f"{LEAK}/{{student}}/critiques.json",
    log:
        f"{LOGS}/{{student}}/measure_critiques.log",
    benchmark:
        f"{TIMES}/{{student}}/measure_critiques.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        datasets=iterations_read,
        turns="later",
        questions=questions_read("field"),
        numbers=leakage.numbers(EXPERIMENT, *leakage.GATE_NUMBERS),
    message:
        "measure the leakage of benchmarks into the critiques of {wildcards.student}"
    shell:
        'python "$STEPS/leakage/measure_leakage.py" {params.datasets:q} --train-turns {params.turns} {params.questions:q}'
        " {params.numbers:q} --output {output:q} > {log:q} 2>&1"


if leakage.solved(EXPERIMENT):

    use rule measure_critiques as measure_responses with:
        output:
            f"{LEAK}/{{student}}/responses.json",
        log:
            f"{LOGS}/{{student}}/measure_responses.log",
        benchmark:
            f"{TIMES}/{{student}}/measure_responses.tsv"
        params:
            code=code_digest("leakage/measure_leakage"),
            datasets=iterations_read,
            turns="assistant",
            questions=questions_read("solution", leakage.solved(EXPERIMENT)),
            numbers=leakage.numbers(EXPERIMENT, *leakage.GATE_NUMBERS),
        message:
            "measure the leakage of canonical solutions into the responses of {wildcards.student}"
