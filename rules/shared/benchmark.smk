"""Benchmarks: write requests for solutions, read the answers, execute their programs, and score the models."""

BENCHMARK_LOGS = logs_of(BENCHMARK)
BENCHMARK_TIMES = times_of(BENCHMARK)
# A baseline, which is measured but not trained, has the student "baselines" and its own name as the variant.
# The wildcard `work` is the kind of work that uses the answers: `benchmarks` scores all models up to M_T, and `further`
# the method's later models. A method may define other kinds.


# The number of answers to each problem of a benchmark.
answers_a_problem = lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark]["decoding"]["samples"]
# The sampling settings of a benchmark, as JSON.
decoding_of = lambda wildcards: benchmarks.decoding(EXPERIMENT, wildcards.benchmark)
# The folders of the models that a rule measures.
models_of = lambda wildcards: answering.models_measured(
    EXPERIMENT, wildcards.run, wildcards.student, wildcards.variant, wildcards.work
)
# The first and the last iteration whose models a rule measures.
span_of = lambda wildcards: EXPERIMENT.measured_span(wildcards.student, wildcards.variant, wildcards.work)


rule request_solutions:
    """Write the requests to every model of a variant to solve every problem."""
    input:
        problems=problems_for,
        models=models_of,
    output:
        f"{BENCHMARK}/requests/solutions.jsonl",
    log:
        f"{BENCHMARK_LOGS}/request_solutions.log",
    benchmark:
        f"{BENCHMARK_TIMES}/request_solutions.tsv"
    wildcard_constraints:
        work=any_of(MEASURED),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("benchmarks/request_solutions"),
        models=lambda wildcards: answering.models_by_name(EXPERIMENT, wildcards, models_of(wildcards)),
        first=lambda wildcards: span_of(wildcards)[0],
        samples=answers_a_problem,
        sampling=decoding_of,
        seed=seed_of,
    message:
        "write requests for {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/benchmarks/request_solutions.py" {input.problems:q} --models {params.models:q}'
        " --first {params.first} --samples {params.samples} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule collect_solutions:
    """Read the answers, and write their programs."""
    input:
        problems=problems_for,
        responses=lambda wildcards: benchmarks.responses(EXPERIMENT, wildcards, shards_of("benchmark")),
    output:
        solutions=f"{BENCHMARK}/solutions.jsonl",
        programs=f"{BENCHMARK}/programs.jsonl",
        counts=f"{BENCHMARK}/solutions.counts.json",
    log:
        f"{BENCHMARK_LOGS}/collect_solutions.log",
    benchmark:
        f"{BENCHMARK_TIMES}/collect_solutions.tsv"
    wildcard_constraints:
        work=any_of(MEASURED),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=reading_code("benchmarks/collect_solutions"),
        first=lambda wildcards: span_of(wildcards)[0],
        last=lambda wildcards: span_of(wildcards)[1],
        samples=answers_a_problem,
    message:
        "read answers to {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/benchmarks/collect_solutions.py" {input.problems:q} --responses {input.responses:q}'
        " --iterations {params.first} {params.last} --samples {params.samples} --output {output.solutions:q}"
        " --programs {output.programs:q} --counts {output.counts:q} > {log:q} 2>&1"


rule execute_solutions:
    """Execute one shard of the programs with the problems' tests."""
    input:
        programs=f"{BENCHMARK}/programs.jsonl",
        problems=problems_for,
        known=lambda wildcards: benchmarks.outcomes_of_method(EXPERIMENT, wildcards),
    output:
        f"{BENCHMARK}/runs.{{shard}}.jsonl",
    log:
        f"{BENCHMARK_LOGS}/execute_solutions.{{shard}}.log",
    benchmark:
        f"{BENCHMARK_TIMES}/execute_solutions.{{shard}}.tsv"
    conda:
        ENVIRONMENT
    threads: config["resources"]["programs"]["cpus"]
    resources:
        **asks_for("programs"),
    params:
        code=code_digest("engines/execute_programs"),
        known=lambda wildcards, input: benchmarks.executions_beside(input.known, shards_of("solutions")),
        shards=config["shards"]["solutions"],
        timeout=config["execution"]["timeout"],
        memory=config["execution"]["memory_mb"],
        isolation=config["execution"]["isolation"],
    message:
        "execute answers to {wildcards.work}/{wildcards.benchmark}, {wildcards.student} {wildcards.variant}, shard {wildcards.shard}"
    # Two workers for each thread, because the kernel needs time to remove a program's namespaces.
    shell:
        'python "$STEPS/engines/execute_programs.py" {input.programs:q} --problems {input.problems:q} --known {params.known:q} --output {output:q}'
        " --workers $((2 * {threads})) --timeout {params.timeout} --memory-mb {params.memory} --isolation {params.isolation}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule score_benchmark:
    """Compute pass@k of every model of a variant, with its interval."""
    input:
        solutions=f"{BENCHMARK}/solutions.jsonl",
        runs=expand(f"{BENCHMARK}/runs.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True),
        problems=problems_for,
        about=lambda wildcards: benchmarks.about(EXPERIMENT, wildcards.run, wildcards.benchmark),
        models=models_of,
    output:
        outcomes=f"{BENCHMARK}/outcomes.jsonl",
        summary=f"{BENCHMARK}/summary.json",
    log:
        f"{BENCHMARK_LOGS}/score_benchmark.log",
    benchmark:
        f"{BENCHMARK_TIMES}/score_benchmark.tsv"
    wildcard_constraints:
        work=any_of(MEASURED),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("benchmarks/score_benchmark"),
        about=lambda wildcards, input: option("about", input.about),
        models=lambda wildcards: answering.models_by_name(EXPERIMENT, wildcards, models_of(wildcards)),
        decoding=lambda wildcards: as_json(EXPERIMENT.benchmarks[wildcards.benchmark]["decoding"]),
        seed=seed_of,
    message:
        "score {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/benchmarks/score_benchmark.py" {input.solutions:q} --runs {input.runs:q} --problems {input.problems:q}'
        " {params.about:q} --models {params.models:q} --decoding {params.decoding:q} --seed {params.seed} --outcomes {output.outcomes:q}"
        " --summary {output.summary:q} > {log:q} 2>&1"


if "validation" in EXPERIMENT.benchmarks:

    rule validation:
        """Score the method on the validation split, the only split by which settings may be chosen."""
        input:
            [
                path.format(run=EXPERIMENT.name)
                for path in benchmarks.summaries(EXPERIMENT, "benchmarks", ["validation"])
            ],
