"""Ranking: judge each sample, choose the best, compare it with the current answer (RefineCoder, section 3.2)."""

READERS = {"judgements": "acr.judgement", "comparisons": "acr.comparison"}


rule request_judgements:
    """Write the requests to the judge to score each sample."""
    input:
        dataset=dataset_of,
        samples=f"{ITERATION}/samples.jsonl",
        template=config["prompts"]["judge_point"],
    output:
        f"{ITERATION}/requests/judgements.jsonl",
    log:
        f"{ITERATION_LOGS}/request_judgements.log",
    benchmark:
        f"{ITERATION_TIMES}/request_judgements.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_judgements"),
        sampling=sampling_of("judge"),
        seed=seed_of,
    message:
        "write requests for judgements, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/request_judgements.py" {input.dataset:q} {input.samples:q} --template {input.template:q}'
        " --iteration {wildcards.iteration} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule ask_judge:
    """Let the judge answer one shard of a stage's requests."""
    input:
        f"{ITERATION}/requests/{{stage}}.jsonl",
    output:
        f"{ITERATION}/responses/{{stage}}.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/ask_{{stage}}.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/ask_{{stage}}.{{shard}}.tsv"
    wildcard_constraints:
        stage="judgements|comparisons",
    conda:
        ENVIRONMENT
    resources:
        **asks_for("judge"),
    params:
        code=lambda wildcards: answering.answering_code(EXPERIMENT, "judge", READERS[wildcards.stage]),
        answers=lambda wildcards: answering.deciding_arguments(
            EXPERIMENT, "judge", READERS[wildcards.stage], wildcards.run
        ),
        sending=lambda wildcards, output: answering.sending_arguments(EXPERIMENT, "judge", wildcards.run, output),
        shards=config["shards"]["judge"],
    message:
        "ask for {wildcards.stage}, {wildcards.student} {wildcards.variant} {wildcards.iteration}, shard {wildcards.shard}"
    shell:
        'python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} python "$STEPS/engines/complete_requests.py" {input:q} --output {output:q} {params.answers:q} {params.sending:q}'
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_judgements:
    """Read the judgements of the samples (equation 1)."""
    input:
        samples=f"{ITERATION}/samples.jsonl",
        responses=responses_of("judgements", "judge"),
    output:
        judgements=f"{ITERATION}/judgements.jsonl",
        rejected=f"{ITERATION}/judgements.rejected.jsonl",
        counts=f"{ITERATION}/judgements.counts.json",
    log:
        f"{ITERATION_LOGS}/collect_judgements.log",
    benchmark:
        f"{ITERATION_TIMES}/collect_judgements.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_judgements"),
    message:
        "read judgements, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/collect_judgements.py" {input.samples:q} --responses {input.responses:q}'
        " --output {output.judgements:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule select_best:
    """Select the best sample of each instruction (equations 2 to 5)."""
    input:
        dataset=dataset_of,
        judgements=f"{ITERATION}/judgements.jsonl",
        executions=f"{ITERATION}/executions.jsonl",
    output:
        best=f"{ITERATION}/best.jsonl",
        counts=f"{ITERATION}/best.counts.json",
    log:
        f"{ITERATION_LOGS}/select_best.log",
    benchmark:
        f"{ITERATION_TIMES}/select_best.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/select_best"),
        weights=as_json(config["scoring"]["weights"]),
        n=SAMPLES,
    message:
        "select the best samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/select_best.py" {input.dataset:q} {input.judgements:q} {input.executions:q}'
        " --weights {params.weights:q} --n {params.n} --output {output.best:q}"
        " --counts {output.counts:q} > {log:q} 2>&1"


rule request_comparisons:
    """Write the requests to the judge to compare the best sample with the current answer."""
    input:
        dataset=dataset_of,
        samples=f"{ITERATION}/samples.jsonl",
        best=f"{ITERATION}/best.jsonl",
        template=config["prompts"]["judge_pair"],
    output:
        f"{ITERATION}/requests/comparisons.jsonl",
    log:
        f"{ITERATION_LOGS}/request_comparisons.log",
    benchmark:
        f"{ITERATION_TIMES}/request_comparisons.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_comparisons"),
        order=config["scoring"]["pair_order"],
        sampling=sampling_of("judge"),
        seed=seed_of,
    message:
        "write requests for comparisons, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/request_comparisons.py" {input.dataset:q} {input.samples:q} {input.best:q}'
        " --template {input.template:q} --order {params.order} --iteration {wildcards.iteration}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule collect_comparisons:
    """Read the comparisons, and decide the winners (equations 6 to 8)."""
    input:
        best=f"{ITERATION}/best.jsonl",
        responses=responses_of("comparisons", "judge"),
    output:
        comparisons=f"{ITERATION}/comparisons.jsonl",
        ranking=f"{ITERATION}/ranking.jsonl",
        rejected=f"{ITERATION}/comparisons.rejected.jsonl",
        counts=f"{ITERATION}/comparisons.counts.json",
    log:
        f"{ITERATION_LOGS}/collect_comparisons.log",
    benchmark:
        f"{ITERATION_TIMES}/collect_comparisons.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_comparisons"),
        order=config["scoring"]["pair_order"],
        seed=seed_of,
    message:
        "read comparisons and decide winners, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/collect_comparisons.py" {input.best:q} --responses {input.responses:q}'
        " --order {params.order} --seed {params.seed} --comparisons {output.comparisons:q}"
        " --output {output.ranking:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
