"""The scoring study: compare the ratings of the scoring system with a benchmark's tests (RefineCoder, Table 4)."""

SCORING = f"{VARIANT}/scoring/{{benchmark}}"
SCORING_LOGS = logs_of(SCORING)
SCORING_TIMES = times_of(SCORING)


use rule request_solutions as request_scored_solutions with:
    input:
        problems=problems_for,
        models=lambda wildcards: acr.final_models(EXPERIMENT, wildcards),
    output:
        f"{SCORING}/requests/solutions.jsonl",
    log:
        f"{SCORING_LOGS}/request_scored_solutions.log",
    benchmark:
        f"{SCORING_TIMES}/request_scored_solutions.tsv"
    params:
        code=code_digest("benchmarks/request_solutions"),
        models=lambda wildcards: acr.final_models(EXPERIMENT, wildcards),
        first=EXPERIMENT.final,
        samples=config["scoring_study"]["samples"],
        sampling=sampling_of("student"),
        seed=seed_of,


use rule collect_solutions as collect_scored_solutions with:
    input:
        problems=problems_for,
        responses=expand(
            f"{SCORING}/responses/solutions.{{shard}}.jsonl", shard=shards_of("benchmark"), allow_missing=True
        ),
    output:
        solutions=f"{SCORING}/solutions.jsonl",
        programs=f"{SCORING}/programs.jsonl",
        counts=f"{SCORING}/solutions.counts.json",
    log:
        f"{SCORING_LOGS}/collect_scored_solutions.log",
    benchmark:
        f"{SCORING_TIMES}/collect_scored_solutions.tsv"
    params:
        code=reading_code("benchmarks/collect_solutions"),
        first=EXPERIMENT.final,
        last=EXPERIMENT.final,
        samples=config["scoring_study"]["samples"],


rule request_scores:
    """Write the requests to the judge to score each sample, and the programs for equation 4."""
    input:
        problems=problems_for,
        solutions=f"{SCORING}/solutions.jsonl",
        template=config["prompts"]["judge_point"],
    output:
        requests=f"{SCORING}/requests/judgements.jsonl",
        programs=f"{SCORING}/scored/programs.jsonl",
    log:
        f"{SCORING_LOGS}/request_scores.log",
    benchmark:
        f"{SCORING_TIMES}/request_scores.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_scores"),
        sampling=sampling_of("judge"),
        seed=seed_of,
    message:
        "write requests for scores on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/request_scores.py" {input.problems:q} {input.solutions:q} --template {input.template:q}'
        " --programs {output.programs:q} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output.requests:q} > {log:q} 2>&1"


use rule ask_judge as ask_judge_of_scores with:
    input:
        f"{SCORING}/requests/judgements.jsonl",
    output:
        f"{SCORING}/responses/judgements.{{shard}}.jsonl",
    log:
        f"{SCORING_LOGS}/ask_judge_of_scores.{{shard}}.log",
    benchmark:
        f"{SCORING_TIMES}/ask_judge_of_scores.{{shard}}.tsv"
    params:
        code=answering.answering_code(EXPERIMENT, "judge", "acr.judgement"),
        answers=answers_of("judge", "acr.judgement"),
        sending=sending_of("judge"),
        shards=config["shards"]["solutions"],
    message:
        "ask for judgements of answers to {wildcards.benchmark}, {wildcards.student} {wildcards.variant}, shard {wildcards.shard}"


use rule collect_judgements as collect_scores with:
    input:
        samples=f"{SCORING}/solutions.jsonl",
        responses=expand(
            f"{SCORING}/responses/judgements.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True
        ),
    output:
        judgements=f"{SCORING}/judgements.jsonl",
        rejected=f"{SCORING}/judgements.rejected.jsonl",
        counts=f"{SCORING}/judgements.counts.json",
    log:
        f"{SCORING_LOGS}/collect_scores.log",
    benchmark:
        f"{SCORING_TIMES}/collect_scores.tsv"
    message:
        "read judgements of answers to {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"


use rule execute_solutions as execute_scored with:
    input:
        programs=f"{SCORING}/scored/programs.jsonl",
        problems=problems_for,
        known=[],
    output:
        f"{SCORING}/scored/runs.{{shard}}.jsonl",
    log:
        f"{SCORING_LOGS}/execute_scored.{{shard}}.log",
    benchmark:
        f"{SCORING_TIMES}/execute_scored.{{shard}}.tsv"
    message:
        "execute scored answers to {wildcards.benchmark}, {wildcards.student} {wildcards.variant}, shard {wildcards.shard}"


rule score_selection:
    """Compute how often the best and the worst samples by equation 5 pass the tests."""
    input:
        solutions=f"{SCORING}/solutions.jsonl",
        judgements=f"{SCORING}/judgements.jsonl",
        executions=expand(f"{SCORING}/scored/runs.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True),
        runs=expand(f"{SCORING}/runs.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True),
        problems=problems_for,
        model=lambda wildcards: acr.final_models(EXPERIMENT, wildcards),
    output:
        f"{SCORING}/summary.json",
    log:
        f"{SCORING_LOGS}/score_selection.log",
    benchmark:
        f"{SCORING_TIMES}/score_selection.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/score_selection"),
        weights=as_json(config["scoring"]["weights"]),
        seed=seed_of,
    message:
        "score the scoring system on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/score_selection.py" {input.solutions:q} {input.judgements:q} --executions {input.executions:q}'
        " --runs {input.runs:q} --problems {input.problems:q} --weights {params.weights:q} --model {input.model:q} --seed {params.seed}"
        " --summary {output:q} > {log:q} 2>&1"
