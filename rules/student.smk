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
        code=code_digest("compose_corpus"),
        documents=lambda wildcards: pretraining_of(wildcards)["documents"],
        depths=lambda wildcards: as_json(pretraining_of(wildcards)["depths"]),
        beside=lambda wildcards: pretraining_of(wildcards)["beside"],
        seed=seed_of,
    message:
        "compose the corpus of {wildcards.student}"
    shell:
        "python scripts/compose_corpus.py --documents {params.documents} --depths {params.depths:q}"
        " --beside {params.beside} --benchmarks {input.benchmarks:q} --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule pretrain_base:
    """The miniature's tokenizer and base model."""
    input:
        corpus=rules.compose_corpus.output,
        chat_template=lambda wildcards: STUDENTS[wildcards.student]["chat_template"],
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
    threads: config["training"]["threads"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("pretrain_base"),
        architecture=lambda wildcards: as_json(pretraining_of(wildcards)["architecture"]),
        settings=lambda wildcards: training_settings(wildcards, pretraining_of(wildcards)["settings"], stage=("base",)),
        threads=config["training"]["threads"],
    message:
        "pre-train the base of {wildcards.student}"
    shell:
        "python scripts/pretrain_base.py {input.corpus:q} --chat-template {input.chat_template:q}"
        " --architecture {params.architecture:q} --settings {params.settings:q} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q} > {log:q} 2>&1"


rule train_model:
    """M_t: the base, fine-tuned on D_t."""
    input:
        dataset=lambda wildcards: dataset_of(wildcards),
        base=base_of,
        chat_template=chat_template_of,
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
    threads: config["training"]["threads"]
    resources:
        **asks_for("training"),
    params:
        code=code_digest("train_model"),
        start=start_of,
        tokens=token_arguments,
        settings=lambda wildcards: training_settings(
            wildcards,
            STUDENTS[wildcards.student]["training"],
            VARIANTS[wildcards.variant].get("training", {}),
            stage=("model", wildcards.iteration),
        ),
        loss=lambda wildcards: VARIANTS[wildcards.variant]["loss"],
        threads=config["training"]["threads"],
    message:
        "train M_{wildcards.iteration} of {wildcards.student}, {wildcards.variant}"
    shell:
        "python scripts/train_model.py {input.dataset:q} --start {params.start:q} {params.tokens:q}"
        " --settings {params.settings:q} --loss {params.loss} --threads {params.threads}"
        " --output {output.model:q} --log {output.log:q}"
        " --rejected {output.rejected:q} --counts {output.counts:q} > {log:q} 2>&1"
