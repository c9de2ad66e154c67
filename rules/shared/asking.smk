"""Models answer benchmarks: a job loads or serves each model once, for all benchmarks of the job."""

# The config entry by which the models of a variant, or a baseline, answer benchmarks.
who_answers = lambda wildcards: answering.answering_benchmarks(EXPERIMENT, wildcards.student, wildcards.variant)


for asking in answering.asking_jobs(EXPERIMENT):
    work, names = asking.work, list(asking.benchmarks)

    rule:
        name:
            answering.asking_rule(EXPERIMENT, asking)
        input:
            requests=expand(
                f"{VARIANT}/{work}/{{benchmark}}/requests/solutions.jsonl", benchmark=names, allow_missing=True
            ),
            models=answering.models_asked(EXPERIMENT, asking),
        output:
            expand(
                f"{VARIANT}/{work}/{{benchmark}}/responses/solutions.{{shard}}.jsonl",
                benchmark=names,
                allow_missing=True,
            ),
        log:
            f"{LOGS}/{{student}}/{{variant}}/{work}/{names[0]}/ask_models.{{shard}}.log",
        benchmark:
            f"{TIMES}/{{student}}/{{variant}}/{work}/{names[0]}/ask_models.{{shard}}.tsv"
        wildcard_constraints:
            variant=any_of(asking.variants),
        conda:
            ENVIRONMENT
        resources:
            **asks_for("benchmark", who_answers if asking.variants == [*EXPERIMENT.baselines] else None),
        params:
            code=lambda wildcards: answering.answering_code(EXPERIMENT, "student", "verbatim", who_answers(wildcards)),
            answers=lambda wildcards: answering.deciding_arguments(
                EXPERIMENT, "student", "verbatim", wildcards.run, answering=who_answers(wildcards)
            ),
            sending=lambda wildcards, output: answering.sending_arguments(
                EXPERIMENT, "student", wildcards.run, output, answering=who_answers(wildcards)
            ),
            shards=config["shards"]["benchmark"],
        message:
            f"all models of {{wildcards.student}} {{wildcards.variant}} answer {work} {' '.join(names)}, shard {{wildcards.shard}}"
        shell:
            'OMP_NUM_THREADS=1 python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} python "$STEPS/engines/complete_requests.py"'
            " {input.requests:q} --output {output:q}"
            " {params.answers:q} {params.sending:q} --shard {wildcards.shard}/{params.shards} > {log:q} 2>&1"
