"""Instructions: the teacher writes them from snippets, and evolves them in rounds (RefineCoder, section 4.3)."""

TEACHER_SHARDS = shards_of("teacher")
INSTRUCTIONS = acr.INSTRUCTIONS
ROUNDS = config["instructions"]["rounds"]
EVOLUTION_TEMPLATES = acr.evolution_templates(EXPERIMENT)


rule request_instructions:
    """Write the requests to the teacher for concepts and an instruction from each snippet."""
    input:
        snippets=rules.harvest_snippets.output.snippets,
        template=config["prompts"]["concepts"],
    output:
        f"{INSTRUCTIONS}/requests/round_0.jsonl",
    log:
        f"{LOGS}/request_instructions.log",
    benchmark:
        f"{TIMES}/request_instructions.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_instructions"),
        per_snippet=config["instructions"]["per_snippet"],
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for instructions"
    shell:
        'python "$STEPS/acr/request_instructions.py" {input.snippets:q} --template {input.template:q}'
        " --per-snippet {params.per_snippet} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule ask_teacher:
    """Let the teacher answer one shard of a stage's requests."""
    input:
        f"{INSTRUCTIONS}/requests/{{stage}}.jsonl",
    output:
        f"{INSTRUCTIONS}/responses/{{stage}}.{{shard}}.jsonl",
    log:
        f"{LOGS}/ask_teacher/{{stage}}.{{shard}}.log",
    benchmark:
        f"{TIMES}/ask_teacher/{{stage}}.{{shard}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("teacher"),
    params:
        code=lambda wildcards: answering.answering_code(EXPERIMENT, "teacher", acr.teacher_reader(wildcards.stage)),
        answers=lambda wildcards: answering.deciding_arguments(
            EXPERIMENT, "teacher", acr.teacher_reader(wildcards.stage), wildcards.run
        ),
        sending=lambda wildcards, output: answering.sending_arguments(EXPERIMENT, "teacher", wildcards.run, output),
        shards=config["shards"]["teacher"],
    message:
        "ask the teacher for {wildcards.stage}, shard {wildcards.shard}"
    shell:
        'python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} python "$STEPS/engines/complete_requests.py" {input:q} --output {output:q} {params.answers:q} {params.sending:q}'
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_instructions:
    """Read the teacher's concepts and instructions, which make round 0."""
    input:
        snippets=rules.harvest_snippets.output.snippets,
        responses=expand(f"{INSTRUCTIONS}/responses/round_0.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True),
    output:
        instructions=f"{INSTRUCTIONS}/round_0.jsonl",
        rejected=f"{INSTRUCTIONS}/round_0.rejected.jsonl",
        counts=f"{INSTRUCTIONS}/round_0.counts.json",
    log:
        f"{LOGS}/collect_instructions.log",
    benchmark:
        f"{TIMES}/collect_instructions.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_instructions"),
        per_snippet=config["instructions"]["per_snippet"],
    message:
        "read instructions"
    shell:
        'python "$STEPS/acr/collect_instructions.py" {input.snippets:q} --responses {input.responses:q}'
        " --per-snippet {params.per_snippet} --output {output.instructions:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule request_evolutions:
    """Write the requests to the teacher to evolve each instruction."""
    input:
        instructions=lambda wildcards: f"{INSTRUCTIONS}/round_{int(wildcards.round) - 1}.jsonl".format(
            run=wildcards.run
        ),
        templates=EVOLUTION_TEMPLATES,
    output:
        f"{INSTRUCTIONS}/requests/round_{{round}}.jsonl",
    log:
        f"{LOGS}/request_evolutions/{{round}}.log",
    benchmark:
        f"{TIMES}/request_evolutions/{{round}}.tsv"
    wildcard_constraints:
        round=r"[1-9]\d*",
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_evolutions"),
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for round {wildcards.round} of evolution"
    shell:
        'python "$STEPS/acr/request_evolutions.py" {input.instructions:q} --templates {input.templates:q}'
        " --round {wildcards.round} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule collect_evolutions:
    """Read the evolved instructions of a round, and reject unusable ones."""
    input:
        instructions=lambda wildcards: f"{INSTRUCTIONS}/round_{int(wildcards.round) - 1}.jsonl".format(
            run=wildcards.run
        ),
        responses=expand(
            f"{INSTRUCTIONS}/responses/round_{{round}}.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True
        ),
        templates=EVOLUTION_TEMPLATES,
        benchmarks=guarded_problems,
    output:
        instructions=f"{INSTRUCTIONS}/round_{{round}}.jsonl",
        rejected=f"{INSTRUCTIONS}/round_{{round}}.rejected.jsonl",
        counts=f"{INSTRUCTIONS}/round_{{round}}.counts.json",
    log:
        f"{LOGS}/collect_evolutions/{{round}}.log",
    benchmark:
        f"{TIMES}/collect_evolutions/{{round}}.tsv"
    wildcard_constraints:
        round=r"[1-9]\d*",
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("acr/collect_evolutions"),
        phrases=config["instructions"]["forbidden_phrases"],
        ngram=config["instructions"]["overlap_ngram"],
        keep=config["instructions"]["keep"],
        seed=seed_of,
    message:
        "read round {wildcards.round} of evolution"
    shell:
        'python "$STEPS/acr/collect_evolutions.py" {input.instructions:q} --responses {input.responses:q}'
        " --templates {input.templates:q} --round {wildcards.round} --seed {params.seed}"
        " --forbidden-phrases {params.phrases:q} --benchmarks {input.benchmarks:q}"
        " --overlap-ngram {params.ngram} --keep {params.keep} --output {output.instructions:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
