"""The student: its base (from the hub, or pre-trained here) and M_t, trained from the base on D_t."""


rule compose_corpus:
    """The text that the miniature's base model learns from; it solves no task of a benchmark."""
    input:
        benchmarks=guarded_benchmarks,
    output:
        f"{RESULTS}/{{student}}/corpus.jsonl",
    log:
        f"{LOGS}/{{student}}/compose_corpus.log",
    benchmark:
        f"{TIMES}/{{student}}/compose_corpus.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("text"),
    params:
        code=code_digest("miniature/compose_corpus"),
        documents=lambda wildcards: pretraining_of(wildcards)["documents"],
        depths=lambda wildcards: as_json(pretraining_of(wildcards)["depths"]),
        beside=lambda wildcards: pretraining_of(wildcards)["beside"],
        seed=seed_of,
    message:
        "compose the corpus of {wildcards.student}"
    shell:
        "python {STEPS}/miniature/compose_corpus.py --documents {params.documents} --depths {params.depths:q}"
        " --beside {params.beside} --benchmarks {input.benchmarks:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule pretrain_base:
    """The miniature's tokenizer and base model."""
    input:
        corpus=rules.compose_corpus.output,
        chat_template=lambda wildcards: STUDENTS[wildcards.student]["chat_template"],
        deepspeed=lambda wildcards: deepspeed_settings(pretraining_of(wildcards)["settings"]),
    output:
        model=directory(f"{RESULTS}/{{student}}/base"),
        log=f"{RESULTS}/{{student}}/base.log.json",
    log:
        f"{LOGS}/{{student}}/pretrain_base.log",
    benchmark:
        f"{TIMES}/{{student}}/pretrain_base.tsv"
    # The longest job: started first, it runs beside everything up to D_0.
    priority: 10
    conda:
        "../envs/default.yaml"
    threads: config["training"]["threads"] * config["training"]["devices"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("miniature/pretrain_base"),
        step=lambda wildcards: start_training(f"{STEPS}/miniature/pretrain_base.py", pretraining_of(wildcards)["settings"]),
        architecture=lambda wildcards: as_json(pretraining_of(wildcards)["architecture"]),
        settings=lambda wildcards: training_settings(wildcards, pretraining_of(wildcards)["settings"], stage=("base",)),
        threads=config["training"]["threads"],
    message:
        "pre-train the base of {wildcards.student}"
    shell:
        "python {STEPS}/engines/hold_gpus.py --devices {resources.gpu} {params.step} {input.corpus:q} --chat-template {input.chat_template:q}"
        " --architecture {params.architecture:q} --settings {params.settings:q} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q} > {log:q} 2>&1"


rule train_model:
    """M_t: the base, fine-tuned on D_t."""
    input:
        dataset=lambda wildcards: dataset_of(wildcards),
        base=base_of,
        chat_template=chat_template_of,
        deepspeed=lambda wildcards: deepspeed_settings(*own_training(wildcards)),
    output:
        model=directory(f"{ITERATION}/model"),
        log=f"{ITERATION}/model.log.json",
        rejected=f"{ITERATION}/model.rejected.jsonl",
        counts=f"{ITERATION}/model.counts.json",
    log:
        f"{LOGS}/{{student}}/{{variant}}/iter_{{iteration}}/train_model.log",
    benchmark:
        f"{TIMES}/{{student}}/{{variant}}/iter_{{iteration}}/train_model.tsv"
    priority: 5
    conda:
        "../envs/default.yaml"
    threads: config["training"]["threads"] * config["training"]["devices"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("engines/train_model"),
        step=lambda wildcards: start_training(f"{STEPS}/engines/train_model.py", *own_training(wildcards)),
        start=start_of,
        tokens=token_arguments,
        settings=lambda wildcards: training_settings(
            wildcards, *own_training(wildcards), stage=("model", wildcards.iteration)
        ),
        loss=lambda wildcards: VARIANTS[wildcards.variant]["loss"],
        threads=config["training"]["threads"],
    message:
        "train M_{wildcards.iteration} of {wildcards.student}, {wildcards.variant}"
    shell:
        "python {STEPS}/engines/hold_gpus.py --devices {resources.gpu} {params.step} {input.dataset:q} --start {params.start:q} {params.tokens:q}"
        " --settings {params.settings:q} --loss {params.loss} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"


rule plot_training:
    """Loss curves and throughput of the method's models."""
    input:
        training_logs,
    output:
        svg=report(
            f"{RESULTS}/figures/training.svg",
            caption="../report/training.rst",
            category="Figures",
            labels={"figure": "training", "run": "{run}"},
        ),
        pdf=f"{RESULTS}/figures/training.pdf",
        png=f"{RESULTS}/figures/training.png",
        csv=f"{RESULTS}/figures/training.csv",
        speeds=f"{RESULTS}/training_speed.csv",
    log:
        f"{LOGS}/plot_training.log",
    benchmark:
        f"{TIMES}/plot_training.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/plot_training"),
        entries=training_entries(),
        label=config["label"],
    message:
        "training"
    shell:
        "python {STEPS}/results/plot_training.py {input:q} --entries {params.entries:q} --label {params.label:q}"
        " --speeds {output.speeds:q} --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q}"
        " --csv {output.csv:q} > {log:q} 2>&1"


rule training:
    """How training went: loss by update, tokens a second."""
    input:
        f"{HOME}/figures/training.svg",
