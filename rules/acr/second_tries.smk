"""Second tries with feedback (RefineCoder, section 5.5 and appendix C; Figure 4)."""

FEEDBACK = f"{VARIANT}/feedback/{{benchmark}}"
FEEDBACK_LOGS = logs_of(FEEDBACK)
FEEDBACK_TIMES = times_of(FEEDBACK)
TRIED = config["feedback"]["iterations"]


rule request_suggestions:
    """Write the requests to the teacher for suggestions of how to fix each failed answer."""
    input:
        outcomes=f"{VARIANT}/benchmarks/{{benchmark}}/outcomes.jsonl",
        problems=problems_for,
        template=config["prompts"]["suggestion"],
    output:
        f"{FEEDBACK}/requests/suggestions.jsonl",
    log:
        f"{FEEDBACK_LOGS}/request_suggestions.log",
    benchmark:
        f"{FEEDBACK_TIMES}/request_suggestions.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_suggestions"),
        cases=config["feedback"]["cases"],
        iterations=TRIED,
        sampling=sampling_of("teacher"),
        seed=seed_of,
    message:
        "write requests for suggestions on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/request_suggestions.py" {input.outcomes:q} {input.problems:q} --template {input.template:q}'
        " --cases {params.cases} --iterations {params.iterations} --sampling {params.sampling:q} --seed {params.seed}"
        " --output {output:q} > {log:q} 2>&1"


use rule ask_teacher as ask_teacher_for_suggestions with:
    input:
        f"{FEEDBACK}/requests/suggestions.jsonl",
    output:
        f"{FEEDBACK}/responses/suggestions.{{shard}}.jsonl",
    log:
        f"{FEEDBACK_LOGS}/ask_teacher_for_suggestions.{{shard}}.log",
    benchmark:
        f"{FEEDBACK_TIMES}/ask_teacher_for_suggestions.{{shard}}.tsv"
    params:
        code=answering.answering_code(EXPERIMENT, "teacher", "acr.suggestion"),
        answers=answers_of("teacher", "acr.suggestion"),
        sending=sending_of("teacher"),
        shards=config["shards"]["solutions"],
    message:
        "ask the teacher for suggestions on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}, shard {wildcards.shard}"


rule request_second_tries:
    """Write the requests to each model for a second try, with the feedback."""
    input:
        outcomes=f"{VARIANT}/benchmarks/{{benchmark}}/outcomes.jsonl",
        problems=problems_for,
        suggestions=expand(
            f"{FEEDBACK}/responses/suggestions.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True
        ),
        template=config["prompts"]["second_try"],
        models=lambda wildcards: acr.tried_models(EXPERIMENT, wildcards),
    output:
        requests=f"{FEEDBACK}/requests/solutions.jsonl",
        rejected=f"{FEEDBACK}/second_tries.rejected.jsonl",
        counts=f"{FEEDBACK}/second_tries.counts.json",
    log:
        f"{FEEDBACK_LOGS}/request_second_tries.log",
    benchmark:
        f"{FEEDBACK_TIMES}/request_second_tries.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/request_second_tries"),
        format=config["feedback"]["format"],
        cases=config["feedback"]["cases"],
        iterations=TRIED,
        sampling=decoding_of,
        seed=seed_of,
    message:
        "write requests for second tries on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/request_second_tries.py" {input.outcomes:q} {input.problems:q}'
        " --suggestions {input.suggestions:q} --format {params.format} --template {input.template:q}"
        " --cases {params.cases} --iterations {params.iterations} --models {input.models:q}"
        " --sampling {params.sampling:q} --seed {params.seed} --output {output.requests:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule collect_second_tries:
    """Read the second tries, and write their programs."""
    input:
        problems=problems_for,
        requests=f"{FEEDBACK}/requests/solutions.jsonl",
        responses=expand(
            f"{FEEDBACK}/responses/solutions.{{shard}}.jsonl", shard=shards_of("benchmark"), allow_missing=True
        ),
    output:
        solutions=f"{FEEDBACK}/solutions.jsonl",
        programs=f"{FEEDBACK}/programs.jsonl",
        counts=f"{FEEDBACK}/solutions.counts.json",
    log:
        f"{FEEDBACK_LOGS}/collect_second_tries.log",
    benchmark:
        f"{FEEDBACK_TIMES}/collect_second_tries.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=reading_code("acr/collect_second_tries"),
    message:
        "read second tries on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/collect_second_tries.py" {input.problems:q} {input.requests:q} --responses {input.responses:q}'
        " --output {output.solutions:q} --programs {output.programs:q} --counts {output.counts:q} > {log:q} 2>&1"


rule score_feedback:
    """Compute pass@1 of the first try alone, and after a second try with each kind of feedback."""
    input:
        outcomes=f"{VARIANT}/benchmarks/{{benchmark}}/outcomes.jsonl",
        solutions=f"{FEEDBACK}/solutions.jsonl",
        runs=expand(f"{FEEDBACK}/runs.{{shard}}.jsonl", shard=shards_of("solutions"), allow_missing=True),
        models=lambda wildcards: acr.tried_models(EXPERIMENT, wildcards),
    output:
        f"{FEEDBACK}/summary.json",
    log:
        f"{FEEDBACK_LOGS}/score_feedback.log",
    benchmark:
        f"{FEEDBACK_TIMES}/score_feedback.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/score_feedback"),
        iterations=TRIED,
        seed=seed_of,
    message:
        "score second tries on {wildcards.benchmark}, {wildcards.student} {wildcards.variant}"
    shell:
        'python "$STEPS/acr/score_feedback.py" {input.outcomes:q} {input.solutions:q} --runs {input.runs:q}'
        " --iterations {params.iterations} --models {input.models:q} --seed {params.seed}"
        " --summary {output:q} > {log:q} 2>&1"
