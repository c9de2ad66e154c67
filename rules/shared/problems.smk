"""The problems of benchmarks: composed here, or read from published data."""

# The file with the problems of a rule's benchmark.
problems_for = lambda wildcards: benchmarks.problems(EXPERIMENT, wildcards.run, wildcards.benchmark)
# A parameter: the digest of a step and of the module that reads a benchmark's data and answers.
reading_code = lambda step: lambda wildcards: benchmarks.reading_code(EXPERIMENT, step, wildcards.benchmark)


rule compose_benchmark:
    """Compose a benchmark of the miniature."""
    output:
        f"{RUN}/benchmarks/{{benchmark}}.jsonl",
    log:
        f"{LOGS}/benchmarks/{{benchmark}}.log",
    benchmark:
        f"{TIMES}/compose_benchmark/{{benchmark}}.tsv"
    wildcard_constraints:
        benchmark=any_of(benchmarks.of_kind(EXPERIMENT, "miniature")),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("miniature/compose_benchmark"),
        size=lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark]["size"],
        depths=lambda wildcards: as_json(EXPERIMENT.benchmarks[wildcards.benchmark]["depths"]),
        part=lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark]["part"],
        seed=seed_of,
    message:
        "compose the benchmark {wildcards.benchmark}"
    shell:
        'python "$STEPS/miniature/compose_benchmark.py" --name {wildcards.benchmark} --size {params.size}'
        " --depths {params.depths:q} --part {params.part} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule prepare_benchmark:
    """Read a benchmark's published data into problems."""
    input:
        data=lambda wildcards: benchmarks.source_files(EXPERIMENT, wildcards.benchmark),
        ids=lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark].get("ids", []),
        template=lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark]["template"],
    output:
        problems=f"{RUN}/benchmarks/{{benchmark}}.jsonl",
        about=f"{RUN}/benchmarks/{{benchmark}}.about.json",
    log:
        f"{LOGS}/benchmarks/{{benchmark}}.log",
    benchmark:
        f"{TIMES}/prepare_benchmark/{{benchmark}}.tsv"
    wildcard_constraints:
        benchmark=any_of(benchmarks.prepared(EXPERIMENT)),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=reading_code("benchmarks/prepare_benchmark"),
        kind=lambda wildcards: EXPERIMENT.benchmarks[wildcards.benchmark]["kind"],
        source=lambda wildcards: benchmarks.sources(EXPERIMENT, wildcards.benchmark),
        settings=lambda wildcards: benchmarks.kind_settings(EXPERIMENT, wildcards.benchmark),
    message:
        "prepare the benchmark {wildcards.benchmark}"
    shell:
        'python "$STEPS/benchmarks/prepare_benchmark.py" --kind {params.kind} --source {params.source:q}'
        " --template {input.template:q} --settings {params.settings:q} --output {output.problems:q}"
        " --about {output.about:q} > {log:q} 2>&1"
