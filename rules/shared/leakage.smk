"""Overlap with benchmarks' questions: of data sets, and of what follows the instructions over iterations."""

from refinement.experiment import leakage

LEAK = f"{RUN}/leakage"


# Files with the benchmarks' questions, to wait for.
question_files = lambda wildcards: leakage.question_files(EXPERIMENT, wildcards.run)
# Parameter: options of measure_leakage for the questions, or for their canonical solutions.
questions_read = lambda part, names=None: lambda wildcards: leakage.question_arguments(
    EXPERIMENT, wildcards.run, part, names
)
# Parameter: options of measure_leakage for the data sets of all iterations.
iterations_read = lambda wildcards, input: leakage.iteration_arguments(input.datasets)


rule measure_leakage:
    """All data sets of table 3 against all benchmarks, in one pass."""
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
        "measure the leakage of data sets into benchmarks"
    shell:
        'python "$STEPS/leakage/measure_leakage.py" {params.datasets:q} {params.questions:q} {params.numbers:q}'
        " --output {output:q} > {log:q} 2>&1"


rule measure_critiques:
    """The critiques of D_t, turns that follow the instruction, against the questions."""
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
        "hold the critiques of {wildcards.student} against the benchmarks"
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
            "hold the responses of {wildcards.student} against canonical solutions"
