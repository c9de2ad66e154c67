"""Sampling: M_t answers the instructions of D_t, and the sandbox executes the answers (RefineCoder, section 3.2)."""


rule request_samples:
    """Write the requests to M_t for n answers to each instruction of D_t."""
    input:
        dataset_of,
    output:
        f"{ITERATION}/requests/samples.jsonl",
    log:
        f"{ITERATION_LOGS}/request_samples.log",
    benchmark:
        f"{ITERATION_TIMES}/request_samples.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_samples"),
        n=SAMPLES,
        sampling=sampling_of("student"),
        seed=seed_of,
    message:
        "write requests for samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/request_samples.py" {input:q} --samples {params.n} --iteration {wildcards.iteration}'
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule ask_student:
    """Sample M_t's answers to one shard of the requests."""
    input:
        requests=f"{ITERATION}/requests/samples.jsonl",
        model=lambda wildcards: acr.sampled_model(EXPERIMENT, wildcards),
    output:
        f"{ITERATION}/responses/samples.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/ask_student.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/ask_student.{{shard}}.tsv"
    priority: 5
    conda:
        ENVIRONMENT
    resources:
        **asks_for("student"),
    params:
        code=answering.answering_code(EXPERIMENT, "student", "verbatim"),
        answers=answers_of("student", "verbatim"),
        sending=sending_of("student"),
        model=f"{ITERATION}/model",
        shards=config["shards"]["student"],
    message:
        "M_{wildcards.iteration} of {wildcards.student}, {wildcards.variant} samples, shard {wildcards.shard}"
    shell:
        'OMP_NUM_THREADS=1 python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} python "$STEPS/engines/complete_requests.py"'
        " {input.requests:q} --output {output:q}"
        " {params.answers:q} {params.sending:q} --model {params.model:q} --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_samples:
    """Read the samples, and write the programs of the samples and of the current answers."""
    input:
        dataset=dataset_of,
        responses=responses_of("samples", "student"),
    output:
        samples=f"{ITERATION}/samples.jsonl",
        programs=f"{ITERATION}/programs.jsonl",
        rejected=f"{ITERATION}/samples.rejected.jsonl",
        counts=f"{ITERATION}/samples.counts.json",
    log:
        f"{ITERATION_LOGS}/collect_samples.log",
    benchmark:
        f"{ITERATION_TIMES}/collect_samples.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_samples"),
        n=SAMPLES,
    message:
        "read samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/collect_samples.py" {input.dataset:q} --responses {input.responses:q} --samples {params.n}'
        " --output {output.samples:q} --programs {output.programs:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule execute_samples:
    """Execute one shard of the programs, without tests."""
    input:
        programs=f"{ITERATION}/programs.jsonl",
        known=lambda wildcards: acr.executions_before(EXPERIMENT, wildcards),
    output:
        f"{ITERATION}/runs.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/execute_samples.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/execute_samples.{{shard}}.tsv"
    conda:
        ENVIRONMENT
    threads: config["resources"]["programs"]["cpus"]
    resources:
        **asks_for("programs"),
    params:
        code=code_digest("engines/execute_programs"),
        known=lambda wildcards, input: benchmarks.executions_beside(input.known, shards_of("programs")),
        shards=config["shards"]["programs"],
        timeout=config["execution"]["timeout"],
        memory=config["execution"]["memory_mb"],
        isolation=config["execution"]["isolation"],
    message:
        "execute programs, {wildcards.student} {wildcards.variant} {wildcards.iteration}, shard {wildcards.shard}"
    # Two workers for each thread, because the kernel needs time to remove a program's namespaces.
    shell:
        'python "$STEPS/engines/execute_programs.py" {input.programs:q} --known {params.known:q} --output {output:q}'
        " --workers $((2 * {threads})) --timeout {params.timeout} --memory-mb {params.memory} --isolation {params.isolation}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_executions:
    """Read which answers are executable (equation 4)."""
    input:
        dataset=dataset_of,
        samples=f"{ITERATION}/samples.jsonl",
        runs=expand(f"{ITERATION}/runs.{{shard}}.jsonl", shard=shards_of("programs"), allow_missing=True),
    output:
        executions=f"{ITERATION}/executions.jsonl",
        counts=f"{ITERATION}/executions.counts.json",
    log:
        f"{ITERATION_LOGS}/collect_executions.log",
    benchmark:
        f"{ITERATION_TIMES}/collect_executions.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_executions"),
        n=SAMPLES,
    message:
        "read executions, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/collect_executions.py" {input.dataset:q} {input.samples:q} --runs {input.runs:q}'
        " --n {params.n} --output {output.executions:q} --counts {output.counts:q} > {log:q} 2>&1"
