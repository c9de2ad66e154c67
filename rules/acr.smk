"""ACR's iteration: sample, execute, judge, compare, critique, refine (RefineCoder, section 3)."""

ITERATION_LOGS = f"{LOGS}/{{student}}/{{variant}}/iter_{{iteration}}"
ITERATION_TIMES = f"{TIMES}/{{student}}/{{variant}}/iter_{{iteration}}"
SHARD_LOGS = f"{ITERATION_LOGS}/{{stage}}.{{shard}}"
READERS = {"judgements": "judgement", "comparisons": "comparison", "critiques": "critique"}
ROLE_OF = {"judgements": "judge", "comparisons": "judge", "critiques": "critic"}


def dataset_of(wildcards):
    """D_t: the teacher's for t = 0, else what the iteration before refined."""
    if int(wildcards.iteration) == 0:
        return f"{RESULTS}/d0.jsonl"
    return f"{RESULTS}/{wildcards.student}/{wildcards.variant}/iter_{wildcards.iteration}/dataset.jsonl"


def dataset_before(wildcards):
    """D_{t-1}, of the chain that iteration t continues."""
    before = int(wildcards.iteration) - 1
    return f"{RESULTS}/d0.jsonl" if before == 0 else in_previous_iteration("dataset.jsonl")(wildcards)


def strategy_of(wildcards):
    """What a variant does with a win of either side, as JSON."""
    variant = VARIANTS[wildcards.variant]
    return as_json({name: variant[name] for name in ("on_self_win", "on_original_win")})


def responses_of(stage, role):
    """All shards of an iteration's responses to one stage's requests."""
    return expand(f"{ITERATION}/responses/{stage}.{{shard}}.jsonl", shard=shards_of(role), allow_missing=True)


rule request_samples:
    """Ask M_t for n answers to each instruction of D_t."""
    input:
        dataset_of,
    output:
        f"{ITERATION}/requests/samples.jsonl",
    log:
        f"{ITERATION_LOGS}/request_samples.log",
    benchmark:
        f"{ITERATION_TIMES}/request_samples.tsv"
    conda:
        "../envs/default.yaml"
    params:
        code=code_digest("request_samples"),
        n=N,
        sampling=sampling_of("student"),
        seed=SEED,
    message:
        "write requests for samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/request_samples.py {input:q} --samples {params.n} --iteration {wildcards.iteration}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule ask_student:
    """M_t's answers to one shard of the requests for samples."""
    input:
        requests=f"{ITERATION}/requests/samples.jsonl",
        model=f"{ITERATION}/model",
    output:
        f"{ITERATION}/responses/samples.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/ask_student.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/ask_student.{{shard}}.tsv"
    priority: 5
    conda:
        "../envs/default.yaml"
    params:
        code=backend_code("student"),
        backend=backend_arguments("student", "anything"),
        shards=config["shards"]["student"],
    message:
        "M_{wildcards.iteration} of {wildcards.student}, {wildcards.variant} samples, shard {wildcards.shard}"
    shell:
        "OMP_NUM_THREADS=1 python scripts/complete_requests.py {input.requests:q} --output {output:q}"
        " {params.backend:q} --model {input.model:q} --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_samples:
    """The samples, and the programs that they and the current answers hold."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("collect_samples"),
        n=N,
    message:
        "read samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/collect_samples.py {input.dataset:q} --responses {input.responses:q} --samples {params.n}"
        " --output {output.samples:q} --programs {output.programs:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule execute_samples:
    """Run one shard of the programs."""
    input:
        f"{ITERATION}/programs.jsonl",
    output:
        f"{ITERATION}/runs.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/execute_samples.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/execute_samples.{{shard}}.tsv"
    conda:
        "../envs/default.yaml"
    params:
        code=code_digest("execute_programs"),
        shards=config["shards"]["programs"],
        timeout=config["execution"]["timeout"],
        memory=config["execution"]["memory_mb"],
    message:
        "run programs, {wildcards.student} {wildcards.variant} {wildcards.iteration}, shard {wildcards.shard}"
    shell:
        "python scripts/execute_programs.py {input:q} --output {output:q} --workers {threads}"
        " --timeout {params.timeout} --memory-mb {params.memory}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_executions:
    """Equation 4."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("collect_executions"),
        n=N,
    message:
        "read runs, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/collect_executions.py {input.dataset:q} {input.samples:q} --runs {input.runs:q}"
        " --n {params.n} --output {output.executions:q} --counts {output.counts:q} > {log:q} 2>&1"


rule request_judgements:
    """Ask the judge to score each sample."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("request_judgements"),
        sampling=sampling_of("judge"),
        seed=SEED,
    message:
        "write requests for judgements, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/request_judgements.py {input.dataset:q} {input.samples:q} --template {input.template:q}"
        " --iteration {wildcards.iteration} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


rule ask_judge_or_critic:
    """The judge's or the critic's answers to one shard of a stage."""
    input:
        f"{ITERATION}/requests/{{stage}}.jsonl",
    output:
        f"{ITERATION}/responses/{{stage}}.{{shard}}.jsonl",
    log:
        f"{ITERATION_LOGS}/ask_{{stage}}.{{shard}}.log",
    benchmark:
        f"{ITERATION_TIMES}/ask_{{stage}}.{{shard}}.tsv"
    wildcard_constraints:
        stage="judgements|comparisons|critiques",
    conda:
        "../envs/default.yaml"
    params:
        code=lambda wildcards: backend_code(ROLE_OF[wildcards.stage]),
        backend=lambda wildcards: backend_arguments(ROLE_OF[wildcards.stage], READERS[wildcards.stage]),
        shards=lambda wildcards: config["shards"][ROLE_OF[wildcards.stage]],
    message:
        "{wildcards.stage} of {wildcards.student} {wildcards.variant} {wildcards.iteration}, shard {wildcards.shard}"
    shell:
        "python scripts/complete_requests.py {input:q} --output {output:q} {params.backend:q}"
        " --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"


rule collect_judgements:
    """Equation 1."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("collect_judgements"),
    message:
        "read judgements, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/collect_judgements.py {input.samples:q} --responses {input.responses:q}"
        " --output {output.judgements:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule select_best:
    """Equations 2 to 5."""
    input:
        dataset=dataset_of,
        judgements=f"{ITERATION}/judgements.jsonl",
        executions=f"{ITERATION}/executions.jsonl",
    output:
        f"{ITERATION}/best.jsonl",
    log:
        f"{ITERATION_LOGS}/select_best.log",
    benchmark:
        f"{ITERATION_TIMES}/select_best.tsv"
    conda:
        "../envs/default.yaml"
    params:
        code=code_digest("select_best"),
        weights=as_json(config["scoring"]["weights"]),
        n=N,
    message:
        "select the best samples, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/select_best.py {input.dataset:q} {input.judgements:q} {input.executions:q}"
        " --weights {params.weights:q} --n {params.n} --output {output:q} > {log:q} 2>&1"


rule request_comparisons:
    """Ask the judge to compare the best sample with the current answer."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("request_comparisons"),
        order=config["scoring"]["pair_order"],
        sampling=sampling_of("judge"),
        seed=SEED,
    message:
        "write requests for comparisons, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/request_comparisons.py {input.dataset:q} {input.samples:q} {input.best:q}"
        " --template {input.template:q} --order {params.order} --iteration {wildcards.iteration}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule collect_comparisons:
    """Equations 6 to 8."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("collect_comparisons"),
        order=config["scoring"]["pair_order"],
        seed=SEED,
    message:
        "rank, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/collect_comparisons.py {input.best:q} --responses {input.responses:q}"
        " --order {params.order} --seed {params.seed} --comparisons {output.comparisons:q}"
        " --output {output.ranking:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule request_critiques:
    """Ask the critic about the samples that lost."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("request_critiques"),
        sampling=sampling_of("critic"),
        seed=SEED,
    message:
        "write requests for critiques, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/request_critiques.py {input.dataset:q} {input.samples:q} {input.ranking:q}"
        " --template {input.template:q} --iteration {wildcards.iteration}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule collect_critiques:
    """Equation 9."""
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
        "../envs/default.yaml"
    params:
        code=code_digest("collect_critiques"),
        rewrite=config["scoring"]["rewrite"],
    message:
        "read critiques, {wildcards.student} {wildcards.variant} {wildcards.iteration}"
    shell:
        "python scripts/collect_critiques.py {input.dataset:q} {input.samples:q} {input.ranking:q}"
        " --responses {input.responses:q} --rewrite {params.rewrite} --output {output.critiques:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


def critiques_before(wildcards):
    """The critiques of iteration t - 1, where the variant uses them."""
    wanted = VARIANTS[wildcards.variant]["on_original_win"] == "critique"
    return in_previous_iteration("critiques.jsonl")(wildcards) if wanted else []


rule refine_dataset:
    """Equation 10: D_t from D_{t-1}."""
    input:
        dataset=dataset_before,
        samples=in_previous_iteration("samples.jsonl"),
        ranking=in_previous_iteration("ranking.jsonl"),
        critiques=critiques_before,
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
        "../envs/default.yaml"
    params:
        code=code_digest("refine_dataset"),
        strategy=strategy_of,
        before=lambda wildcards: int(wildcards.iteration) - 1,
    message:
        "refine D_{params.before} of {wildcards.student}, {wildcards.variant}"
    shell:
        "python scripts/refine_dataset.py {input.dataset:q} {input.samples:q} {input.ranking:q}"
        " --critiques {input.critiques:q} --strategy {params.strategy:q} --iteration {params.before}"
        " --output {output.dataset:q} --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
