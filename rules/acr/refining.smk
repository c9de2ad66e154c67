"""Refining: criticize the samples that lost, and make D_{t+1} (RefineCoder, section 3.3)."""


rule request_critiques:
    """Write the requests to the critic to criticize the samples that lost."""
    input:
        dataset=dataset_of,
        samples=f"{ITERATION}/samples.jsonl",
        ranking=f"{ITERATION}/ranking.jsonl",
        template=config["prompts"]["critic"],
    output:
        f"{ITERATION}/requests/critiques.jsonl",
    log:
        f"{ITERATION_LOGS}/request_critiques.log",
    benchmark:
        f"{ITERATION_TIMES}/request_critiques.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_critiques"),
        sampling=sampling_of("critic"),
        seed=seed_of,
    message:
        "write requests for critiques, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/request_critiques.py" {input.dataset:q} {input.samples:q} {input.ranking:q}'
        " --template {input.template:q} --iteration {wildcards.iteration}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


use rule ask_judge as ask_critic with:
    input:
        f"{ITERATION}/requests/critiques.jsonl",
    output:
        f"{ITERATION}/responses/critiques.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/ask_critiques.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/ask_critiques.{{shard}}.tsv"
    resources:
        **asks_for("critic"),
    params:
        code=answering.answering_code(EXPERIMENT, "critic", "acr.critique"),
        answers=answers_of("critic", "acr.critique"),
        sending=sending_of("critic"),
        shards=config["shards"]["critic"],
    message:
        "ask for critiques, {wildcards.student} {wildcards.variant} {wildcards.iteration}, shard {wildcards.shard}"


rule collect_critiques:
    """Read the critiques (equation 9)."""
    input:
        dataset=dataset_of,
        samples=f"{ITERATION}/samples.jsonl",
        ranking=f"{ITERATION}/ranking.jsonl",
        responses=responses_of("critiques", "critic"),
    output:
        critiques=f"{ITERATION}/critiques.jsonl",
        rejected=f"{ITERATION}/critiques.rejected.jsonl",
        counts=f"{ITERATION}/critiques.counts.json",
    log:
        f"{ITERATION_LOGS}/collect_critiques.log",
    benchmark:
        f"{ITERATION_TIMES}/collect_critiques.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/collect_critiques"),
        rewrite=config["scoring"]["rewrite"],
    message:
        "read critiques, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        'python "$STEPS/acr/collect_critiques.py" {input.dataset:q} {input.samples:q} {input.ranking:q}'
        " --responses {input.responses:q} --rewrite {params.rewrite} --output {output.critiques:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule refine_dataset:
    """Refine D_{t-1} to D_t (equation 10)."""
    input:
        dataset=lambda wildcards: acr.dataset(EXPERIMENT, wildcards, back=1),
        samples=lambda wildcards: EXPERIMENT.at(wildcards, back=1).file("samples.jsonl"),
        ranking=lambda wildcards: EXPERIMENT.at(wildcards, back=1).file("ranking.jsonl"),
        critiques=lambda wildcards: acr.critiques_before(EXPERIMENT, wildcards),
    output:
        dataset=f"{ITERATION}/dataset.jsonl",
        rejected=f"{ITERATION}/dataset.rejected.jsonl",
        counts=f"{ITERATION}/dataset.counts.json",
    log:
        f"{ITERATION_LOGS}/refine_dataset.log",
    benchmark:
        f"{ITERATION_TIMES}/refine_dataset.tsv"
    wildcard_constraints:
        iteration=r"[1-9]\d*",
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/refine_dataset"),
        strategy=lambda wildcards: acr.strategy(EXPERIMENT, wildcards.variant),
        before=lambda wildcards: int(wildcards.iteration) - 1,
    message:
        "refine D_{params.before} of {wildcards.student}, {wildcards.variant}"
    shell:
        'python "$STEPS/acr/refine_dataset.py" {input.dataset:q} {input.samples:q} {input.ranking:q}'
        " --critiques {input.critiques:q} --strategy {params.strategy:q} --iteration {params.before}"
        " --output {output.dataset:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
