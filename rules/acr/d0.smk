"""D_0: select instructions, check them against the benchmarks, and let the teacher answer them."""

OTHER_D0 = f"{RUN}/d0/{{variant}}"


rule select_instructions:
    """Select the instructions of D_0, without duplicates and benchmark problems."""
    input:
        instructions=f"{INSTRUCTIONS}/round_{ROUNDS}.jsonl",
        benchmarks=guarded_problems,
    output:
        instructions=f"{INSTRUCTIONS}/selected.jsonl",
        rejected=f"{INSTRUCTIONS}/selected.rejected.jsonl",
        counts=f"{INSTRUCTIONS}/selected.counts.json",
    log:
        f"{LOGS}/select_instructions.log",
    benchmark:
        f"{TIMES}/select_instructions.tsv"
    conda:
        ENVIRONMENT
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
        'python "$STEPS/acr/select_instructions.py" {input.instructions:q} --benchmarks {input.benchmarks:q}'
        " --identity {params.identity} --near-duplicate-threshold {params.threshold}"
        " --overlap-ngram {params.ngram} --size {params.size} --seed {params.seed}"
        " --output {output.instructions:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule gate_instructions:
    """Check D_0's instructions for leakage of any benchmark, before the teacher answers them."""
    input:
        instructions=f"{INSTRUCTIONS}/selected.jsonl",
        questions=question_files,
    output:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        rejected=f"{INSTRUCTIONS}/gated.rejected.jsonl",
        counts=f"{INSTRUCTIONS}/gated.counts.json",
        measured=f"{LEAK}/gate.json",
    log:
        f"{LOGS}/gate_instructions.log",
    benchmark:
        f"{TIMES}/gate_instructions.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        questions=questions_read("field"),
        numbers=leakage.numbers(EXPERIMENT, *leakage.GATE_NUMBERS, "action"),
    message:
        "check the instructions of D_0 for leakage"
    shell:
        'python "$STEPS/leakage/measure_leakage.py" --train selected={input.instructions:q} --train-field instruction'
        " {params.questions:q} {params.numbers:q} --cleaned {output.instructions:q} --rejected {output.rejected:q}"
        " --counts {output.counts:q} --output {output.measured:q} > {log:q} 2>&1"


rule plant_leaks:
    """Make a deliberately leaky data set, to measure its leakage; no model is trained on it."""
    input:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        questions=lambda wildcards: [
            benchmarks.problems(EXPERIMENT, wildcards.run, name) for name in EXPERIMENT.benchmarks
        ],
    output:
        f"{LEAK}/{{dataset}}.jsonl",
    log:
        f"{LOGS}/plant_leaks/{{dataset}}.log",
    benchmark:
        f"{TIMES}/plant_leaks/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=any_of([name for name, entry in leakage.datasets(EXPERIMENT).items() if entry["kind"] == "leaky"]),
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("leakage/plant_leaks"),
        share=lambda wildcards: leakage.datasets(EXPERIMENT)[wildcards.dataset]["share"],
        seed=seed_of,
    message:
        "plant questions in {wildcards.dataset}"
    shell:
        'python "$STEPS/leakage/plant_leaks.py" {input.instructions:q} --benchmarks {input.questions:q} --share {params.share}'
        " --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule request_answers:
    """Write the requests to the teacher to answer the instructions."""
    input:
        f"{INSTRUCTIONS}/gated.jsonl",
    output:
        f"{INSTRUCTIONS}/requests/answers.jsonl",
    log:
        f"{LOGS}/request_answers.log",
    benchmark:
        f"{TIMES}/request_answers.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_answers"),
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for answers to the instructions"
    shell:
        'python "$STEPS/acr/request_answers.py" {input:q} --sampling {params.sampling:q} --seed {params.seed}'
        " --output {output:q} > {log:q} 2>&1"


rule collect_answers:
    """Make D_0: read the teacher's answers to the selected instructions."""
    input:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        responses=expand(f"{INSTRUCTIONS}/responses/answers.{{shard}}.jsonl", shard=TEACHER_SHARDS, allow_missing=True),
    output:
        dataset=f"{RUN}/d0.jsonl",
        rejected=f"{RUN}/d0.rejected.jsonl",
        counts=f"{RUN}/d0.counts.json",
    log:
        f"{LOGS}/collect_answers.log",
    benchmark:
        f"{TIMES}/collect_answers.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_answers"),
    message:
        "make D_0"
    shell:
        'python "$STEPS/acr/collect_answers.py" {input.instructions:q} --responses {input.responses:q}'
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
        code=answering.answering_code(EXPERIMENT, "teacher", "anything"),
        answers=lambda wildcards: answering.deciding_arguments(
            EXPERIMENT, "teacher", "anything", wildcards.run, EXPERIMENT.variants[wildcards.variant]["teacher"]
        ),
        sending=lambda wildcards, output: answering.sending_arguments(EXPERIMENT, "teacher", wildcards.run, output),
        shards=config["shards"]["teacher"],
    message:
        "ask the teacher of {wildcards.variant} for answers, shard {wildcards.shard}"


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
