"""Benchmarks: composed or given, all answered by all models of a variant in one process, run, scored."""

BENCHMARK = f"{VARIANT}/{{work}}/{{benchmark}}"
BENCHMARK_LOGS = f"{LOGS}/{{student}}/{{variant}}/{{work}}/{{benchmark}}"
BENCHMARK_TIMES = f"{TIMES}/{{student}}/{{variant}}/{{work}}/{{benchmark}}"
# A baseline, which is measured but not trained, has the student "baselines" and its own name for a variant.
# What is done with a benchmark's problems (wildcard work): benchmarks, all models up to M_T; further, the
# method's later ones (figure 6); scoring (table 4); feedback (figure 4).


rule compose_benchmark:
    """A benchmark of the miniature."""
    output:
        f"{RESULTS}/benchmarks/{{benchmark}}.jsonl",
    log:
        f"{LOGS}/benchmarks/{{benchmark}}.log",
    benchmark:
        f"{TIMES}/compose_benchmark/{{benchmark}}.tsv"
    wildcard_constraints:
        benchmark=any_of(benchmarks_of("miniature")),
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("miniature/compose_benchmark"),
        size=lambda wildcards: BENCHMARKS[wildcards.benchmark]["size"],
        depths=lambda wildcards: as_json(BENCHMARKS[wildcards.benchmark]["depths"]),
        part=lambda wildcards: BENCHMARKS[wildcards.benchmark]["part"],
        seed=seed_of,
    message:
        "compose the benchmark {wildcards.benchmark}"
    shell:
        "python {STEPS}/miniature/compose_benchmark.py --name {wildcards.benchmark} --size {params.size}"
        " --depths {params.depths:q} --part {params.part} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule prepare_benchmark:
    """A benchmark's own data, read into problems."""
    input:
        data=lambda wildcards: [path for source in sources_of(wildcards) for path in local(source)],
        ids=lambda wildcards: BENCHMARKS[wildcards.benchmark].get("ids", []),
        template=lambda wildcards: BENCHMARKS[wildcards.benchmark]["template"],
    output:
        problems=f"{RESULTS}/benchmarks/{{benchmark}}.jsonl",
        about=f"{RESULTS}/benchmarks/{{benchmark}}.about.json",
    log:
        f"{LOGS}/benchmarks/{{benchmark}}.log",
    benchmark:
        f"{TIMES}/prepare_benchmark/{{benchmark}}.tsv"
    wildcard_constraints:
        benchmark=any_of(benchmarks_of(*PREPARED)),
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=lambda wildcards: reading_code("benchmarks/prepare_benchmark", wildcards),
        kind=lambda wildcards: BENCHMARKS[wildcards.benchmark]["kind"],
        source=sources_of,
        settings=kind_settings,
    message:
        "prepare the benchmark {wildcards.benchmark}"
    shell:
        "python {STEPS}/benchmarks/prepare_benchmark.py --kind {params.kind} --source {params.source:q}"
        " --template {input.template:q} --settings {params.settings:q} --output {output.problems:q}"
        " --about {output.about:q} > {log:q} 2>&1"


rule request_solutions:
    """Ask every model of a variant to solve every problem."""
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
        work="benchmarks|further",
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("benchmarks/request_solutions"),
        models=models_by_name,
        first=first_of,
        samples=answers_a_problem,
        sampling=decoding_of,
        seed=seed_of,
    message:
        "write requests for {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        "python {STEPS}/benchmarks/request_solutions.py {input.problems:q} --models {params.models:q}"
        " --first {params.first} --samples {params.samples} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


for work, owners, names in asked_together():

    rule:
        name:
            rule_of_models(work, owners, names)
        input:
            requests=expand(
                f"{VARIANT}/{work}/{{benchmark}}/requests/solutions.jsonl", benchmark=names, allow_missing=True
            ),
            models=models_asked(work),
        output:
            expand(
                f"{VARIANT}/{work}/{{benchmark}}/responses/solutions.{{shard}}.jsonl",
                benchmark=names,
                allow_missing=True,
            ),
        log:
            f"{LOGS}/{{student}}/{{variant}}/{work}/{names[0]}/ask_models.{{shard}}.log",
        benchmark:
            f"{TIMES}/{{student}}/{{variant}}/{work}/{names[0]}/ask_models.{{shard}}.tsv"
        wildcard_constraints:
            variant=any_of(owners),
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("benchmark", answering if owners == [*BASELINES] else None),
        params:
            code=lambda wildcards: backend_code("student", "verbatim", answering(wildcards)),
            backend=lambda wildcards, output: backend_arguments(
                "student", "verbatim", wildcards, output, entry=answering(wildcards)
            ),
            shards=config["shards"]["benchmark"],
        message:
            f"all models of {{wildcards.student}} {{wildcards.variant}} answer {work} {' '.join(names)}, shard {{wildcards.shard}}"
        shell:
            "OMP_NUM_THREADS=1 python {STEPS}/engines/hold_gpus.py --devices {resources.gpu} python {STEPS}/engines/complete_requests.py"
            " {input.requests:q} --output {output:q}"
            " {params.backend:q} --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_solutions:
    """The programs in the answers, with the problems' tests."""
    input:
        problems=problems_for,
        responses=answers_for,
    output:
        solutions=f"{BENCHMARK}/solutions.jsonl",
        programs=f"{BENCHMARK}/programs.jsonl",
        counts=f"{BENCHMARK}/solutions.counts.json",
    log:
        f"{BENCHMARK_LOGS}/collect_solutions.log",
    benchmark:
        f"{BENCHMARK_TIMES}/collect_solutions.tsv"
    wildcard_constraints:
        work="benchmarks|further",
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=lambda wildcards: reading_code("benchmarks/collect_solutions", wildcards),
        first=first_of,
        last=last_of,
        samples=answers_a_problem,
    message:
        "read answers to {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        "python {STEPS}/benchmarks/collect_solutions.py {input.problems:q} --responses {input.responses:q}"
        " --iterations {params.first} {params.last} --samples {params.samples} --output {output.solutions:q}"
        " --programs {output.programs:q} --counts {output.counts:q} > {log:q} 2>&1"


rule execute_solutions:
    """Run one shard of the programs against the tests."""
    input:
        programs=f"{BENCHMARK}/programs.jsonl",
        problems=problems_for,
        known=outcomes_of_method,
    output:
        f"{BENCHMARK}/runs.{{shard}}.jsonl",
    log:
        f"{BENCHMARK_LOGS}/execute_solutions.{{shard}}.log",
    benchmark:
        f"{BENCHMARK_TIMES}/execute_solutions.{{shard}}.tsv"
    conda:
        "../envs/default.yaml"
    threads: config["resources"]["programs"]["cpus"]
    resources:
        **asks_for("programs"),
    params:
        code=code_digest("engines/execute_programs"),
        known=runs_known("solutions"),
        shards=config["shards"]["solutions"],
        timeout=config["execution"]["timeout"],
        memory=config["execution"]["memory_mb"],
        isolation=config["execution"]["isolation"],
    message:
        "run answers to {wildcards.work}/{wildcards.benchmark}, {wildcards.student} {wildcards.variant}, shard {wildcards.shard}"
    # Two workers a thread: the kernel takes its time to take a program's namespaces apart.
    shell:
        "python {STEPS}/engines/execute_programs.py {input.programs:q} --problems {input.problems:q} --known {params.known:q} --output {output:q}"
        " --workers $((2 * {threads})) --timeout {params.timeout} --memory-mb {params.memory} --isolation {params.isolation}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule score_benchmark:
    """pass@k of every model of a variant, with its interval."""
    input:
        solutions=f"{BENCHMARK}/solutions.jsonl",
        runs=expand(f"{BENCHMARK}/runs.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True),
        problems=problems_for,
        about=about_benchmark,
        models=models_of,
    output:
        outcomes=f"{BENCHMARK}/outcomes.jsonl",
        summary=f"{BENCHMARK}/summary.json",
    log:
        f"{BENCHMARK_LOGS}/score_benchmark.log",
    benchmark:
        f"{BENCHMARK_TIMES}/score_benchmark.tsv"
    wildcard_constraints:
        work="benchmarks|further",
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("benchmarks/score_benchmark"),
        about=lambda wildcards, input: [f"--about={path}" for path in input.about],
        models=models_by_name,
        decoding=lambda wildcards: as_json(BENCHMARKS[wildcards.benchmark]["decoding"]),
        seed=seed_of,
    message:
        "score {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        "python {STEPS}/benchmarks/score_benchmark.py {input.solutions:q} --runs {input.runs:q} --problems {input.problems:q}"
        " {params.about:q} --models {params.models:q} --decoding {params.decoding:q} --seed {params.seed} --outcomes {output.outcomes:q}"
        " --summary {output.summary:q} > {log:q} 2>&1"
