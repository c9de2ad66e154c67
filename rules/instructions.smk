"""Instructions: inspired by snippets, evolved, selected, and answered by the teacher: D_0."""

TEACHER_SHARDS = shards_of("teacher")
OTHER_D0 = f"{RESULTS}/d0/{{variant}}"
ROUNDS = config["instructions"]["rounds"]
EVOLUTION_TEMPLATES = [f"{config['prompts']['evolution']}/{name}.txt" for name in config["instructions"]["strategies"]]


rule request_instructions:
    """Ask for concepts and an instruction for each snippet."""
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
        "../envs/default.yaml"
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
        "python {STEPS}/acr/request_instructions.py {input.snippets:q} --template {input.template:q}"
        " --per-snippet {params.per_snippet} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule ask_teacher:
    """The teacher's answers to one shard of a stage."""
    input:
        f"{INSTRUCTIONS}/requests/{{stage}}.jsonl",
    output:
        f"{INSTRUCTIONS}/responses/{{stage}}.{{shard}}.jsonl",
    log:
        f"{LOGS}/ask_teacher/{{stage}}.{{shard}}.log",
    benchmark:
        f"{TIMES}/ask_teacher/{{stage}}.{{shard}}.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("teacher"),
    params:
        code=lambda wildcards: backend_code("teacher", stage_reader(wildcards)),
        backend=lambda wildcards, output: backend_arguments("teacher", stage_reader(wildcards), wildcards, output),
        shards=config["shards"]["teacher"],
    message:
        "the teacher answers {wildcards.stage}, shard {wildcards.shard}"
    shell:
        "python {STEPS}/engines/hold_gpus.py --devices {resources.gpu} python {STEPS}/engines/complete_requests.py {input:q} --output {output:q} {params.backend:q}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_instructions:
    """Round 0: read the teacher's concepts and instructions."""
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
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_instructions"),
        per_snippet=config["instructions"]["per_snippet"],
    message:
        "read instructions"
    shell:
        "python {STEPS}/acr/collect_instructions.py {input.snippets:q} --responses {input.responses:q}"
        " --per-snippet {params.per_snippet} --output {output.instructions:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule request_evolutions:
    """Ask for a new version of each instruction."""
    input:
        instructions=previous_round,
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
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_evolutions"),
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for round {wildcards.round} of evolution"
    shell:
        "python {STEPS}/acr/request_evolutions.py {input.instructions:q} --templates {input.templates:q}"
        " --round {wildcards.round} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule collect_evolutions:
    """Read a round's new versions; reject what must not be kept."""
    input:
        instructions=previous_round,
        responses=expand(
            f"{INSTRUCTIONS}/responses/round_{{round}}.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True
        ),
        templates=EVOLUTION_TEMPLATES,
        benchmarks=guarded_benchmarks,
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
        "../envs/default.yaml"
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
        "python {STEPS}/acr/collect_evolutions.py {input.instructions:q} --responses {input.responses:q}"
        " --templates {input.templates:q} --round {wildcards.round} --seed {params.seed}"
        " --forbidden-phrases {params.phrases:q} --benchmarks {input.benchmarks:q}"
        " --overlap-ngram {params.ngram} --keep {params.keep} --output {output.instructions:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule select_instructions:
    """The instructions of D_0: distinct, and none of a benchmark."""
    input:
        instructions=f"{INSTRUCTIONS}/round_{ROUNDS}.jsonl",
        benchmarks=guarded_benchmarks,
    output:
        instructions=f"{INSTRUCTIONS}/selected.jsonl",
        rejected=f"{INSTRUCTIONS}/selected.rejected.jsonl",
        counts=f"{INSTRUCTIONS}/selected.counts.json",
    log:
        f"{LOGS}/select_instructions.log",
    benchmark:
        f"{TIMES}/select_instructions.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("text"),
    params:
        code=code_digest("acr/select_instructions"),
        identity=config["instructions"]["identity"],
        threshold=config["instructions"]["near_duplicate_threshold"],
        ngram=config["instructions"]["overlap_ngram"],
        size=config["instructions"]["d0_size"],
        seed=seed_of,
    message:
        "select the instructions of D_0"
    shell:
        "python {STEPS}/acr/select_instructions.py {input.instructions:q} --benchmarks {input.benchmarks:q}"
        " --identity {params.identity} --near-duplicate-threshold {params.threshold}"
        " --overlap-ngram {params.ngram} --size {params.size} --seed {params.seed}"
        " --output {output.instructions:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule request_answers:
    """Give the teacher the bare instructions."""
    input:
        f"{INSTRUCTIONS}/gated.jsonl",
    output:
        f"{INSTRUCTIONS}/requests/answers.jsonl",
    log:
        f"{LOGS}/request_answers.log",
    benchmark:
        f"{TIMES}/request_answers.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_answers"),
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for answers"
    shell:
        "python {STEPS}/acr/request_answers.py {input:q} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule collect_answers:
    """D_0: the selected instructions with the teacher's answers."""
    input:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        responses=expand(f"{INSTRUCTIONS}/responses/answers.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True),
    output:
        dataset=f"{RESULTS}/d0.jsonl",
        rejected=f"{RESULTS}/d0.rejected.jsonl",
        counts=f"{RESULTS}/d0.counts.json",
    log:
        f"{LOGS}/collect_answers.log",
    benchmark:
        f"{TIMES}/collect_answers.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_answers"),
    message:
        "make D_0"
    shell:
        "python {STEPS}/acr/collect_answers.py {input.instructions:q} --responses {input.responses:q}"
        " --output {output.dataset:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


use rule ask_teacher as ask_other_teacher with:
    input:
        f"{INSTRUCTIONS}/requests/answers.jsonl",
    output:
        f"{OTHER_D0}/responses/answers.{{shard}}.jsonl",
    log:
        f"{LOGS}/{{variant}}/ask_other_teacher.{{shard}}.log",
    benchmark:
        f"{TIMES}/{{variant}}/ask_other_teacher.{{shard}}.tsv"
    params:
        code=backend_code("teacher", "anything"),
        backend=other_teacher,
        shards=config["shards"]["teacher"],
    message:
        "the teacher of {wildcards.variant} answers, shard {wildcards.shard}"


use rule collect_answers as collect_other_answers with:
    input:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        responses=expand(f"{OTHER_D0}/responses/answers.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True),
    output:
        dataset=f"{OTHER_D0}/d0.jsonl",
        rejected=f"{OTHER_D0}/d0.rejected.jsonl",
        counts=f"{OTHER_D0}/d0.counts.json",
    log:
        f"{LOGS}/{{variant}}/collect_other_answers.log",
    benchmark:
        f"{TIMES}/{{variant}}/collect_other_answers.tsv"
    message:
        "make D_0 of {wildcards.variant}"
