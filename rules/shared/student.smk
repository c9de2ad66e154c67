"""The student: its base model (from the hub, or pre-trained here), and M_t, trained from the base model on D_t.

The rules of the method define ``dataset_of``, the data set that the wildcards of a rule name.
"""

# The training settings that a student changes, and those that a variant changes.
own_training = lambda wildcards: training.own_settings(EXPERIMENT, wildcards.student, wildcards.variant)


rule compose_corpus:
    """Compose the corpus on which the miniature's base model is pre-trained; it solves no task of a benchmark."""
    input:
        benchmarks=lambda wildcards: benchmarks.guarded_problems(EXPERIMENT, wildcards.run),
    output:
        f"{STUDENT}/corpus.jsonl",
    log:
        f"{logs_of(STUDENT)}/compose_corpus.log",
    benchmark:
        f"{times_of(STUDENT)}/compose_corpus.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("text"),
    params:
        code=code_digest("miniature/compose_corpus"),
        documents=lambda wildcards: EXPERIMENT.students[wildcards.student]["pretraining"]["documents"],
        depths=lambda wildcards: as_json(EXPERIMENT.students[wildcards.student]["pretraining"]["depths"]),
        beside=lambda wildcards: EXPERIMENT.students[wildcards.student]["pretraining"]["beside"],
        seed=seed_of,
    message:
        "compose the corpus of {wildcards.student}"
    shell:
        'python "$STEPS/miniature/compose_corpus.py" --documents {params.documents} --depths {params.depths:q}'
        " --beside {params.beside} --benchmarks {input.benchmarks:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule pretrain_base:
    """Train the miniature's tokenizer, and pre-train its base model."""
    input:
        corpus=rules.compose_corpus.output,
        chat_template=lambda wildcards: EXPERIMENT.students[wildcards.student]["chat_template"],
        deepspeed=lambda wildcards: training.deepspeed(
            EXPERIMENT, EXPERIMENT.students[wildcards.student]["pretraining"]["settings"]
        ),
    output:
        model=directory(f"{STUDENT}/base"),
        log=f"{STUDENT}/base.log.json",
    log:
        f"{logs_of(STUDENT)}/pretrain_base.log",
    benchmark:
        f"{times_of(STUDENT)}/pretrain_base.tsv"
    # The longest job starts first, so that it runs in parallel with all steps up to D_0.
    priority: 10
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"] * config["training"]["devices"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("miniature/pretrain_base"),
        step=lambda wildcards: training.start_command(
            EXPERIMENT,
            "miniature/pretrain_base",
            EXPERIMENT.students[wildcards.student]["pretraining"]["settings"],
        ),
        architecture=lambda wildcards: as_json(EXPERIMENT.students[wildcards.student]["pretraining"]["architecture"]),
        settings=lambda wildcards: training.settings(
            EXPERIMENT,
            wildcards.run,
            EXPERIMENT.students[wildcards.student]["pretraining"]["settings"],
            stage=("base",),
        ),
        # Made from inputs, so that Snakemake does not compare it.
        checkpoints=lambda wildcards, input: training.checkpoints(
            EXPERIMENT, EXPERIMENT.students[wildcards.student]["pretraining"]["settings"]
        ),
        threads=config["training"]["threads"],
    message:
        "pre-train the base model of {wildcards.student}"
    shell:
        'python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} {params.step} {input.corpus:q} --chat-template {input.chat_template:q}'
        " --architecture {params.architecture:q} --settings {params.settings:q} --settings {params.checkpoints:q} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q} > {log:q} 2>&1"


rule train_model:
    """Train M_t: fine-tune the base model on D_t."""
    input:
        dataset=lambda wildcards: dataset_of(wildcards),
        base=lambda wildcards: training.start_files(EXPERIMENT, wildcards.run, wildcards.student),
        chat_template=lambda wildcards: training.chat_template(EXPERIMENT, wildcards.student),
        deepspeed=lambda wildcards: training.deepspeed(EXPERIMENT, *own_training(wildcards)),
    output:
        model=directory(f"{ITERATION}/model"),
        log=f"{ITERATION}/model.log.json",
        rejected=f"{ITERATION}/model.rejected.jsonl",
        counts=f"{ITERATION}/model.counts.json",
    log:
        f"{logs_of(STUDENT)}/{{variant}}/iter_{{iteration}}/train_model.log",
    benchmark:
        f"{times_of(STUDENT)}/{{variant}}/iter_{{iteration}}/train_model.tsv"
    priority: 5
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"] * config["training"]["devices"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("engines/train_model"),
        step=lambda wildcards: training.start_command(EXPERIMENT, "engines/train_model", *own_training(wildcards)),
        start=lambda wildcards: training.start_model(EXPERIMENT, wildcards.run, wildcards.student),
        tokens=lambda wildcards: training.token_arguments(EXPERIMENT, wildcards.student),
        settings=lambda wildcards: training.settings(
            EXPERIMENT, wildcards.run, *own_training(wildcards), stage=("model", wildcards.iteration)
        ),
        checkpoints=lambda wildcards, input: training.checkpoints(EXPERIMENT, *own_training(wildcards)),
        loss=lambda wildcards: EXPERIMENT.variants[wildcards.variant]["loss"],
        threads=config["training"]["threads"],
    message:
        "train M_{wildcards.iteration} of {wildcards.student}, {wildcards.variant}"
    shell:
        'python "$STEPS/engines/hold_gpus.py" --devices {resources.gpu} {params.step} {input.dataset:q} --start {params.start:q} {params.tokens:q}'
        " --settings {params.settings:q} --settings {params.checkpoints:q} --loss {params.loss} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
