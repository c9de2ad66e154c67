"""Overlap with benchmarks: the gate before training, table 3, figure 7, and what follows over iterations."""


rule gate_instructions:
    """Hold D_0's instructions against every benchmark before they are answered and trained on."""
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
        "../envs/default.yaml"
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        questions=questions_read("field"),
        numbers=[f"--{name}={LEAKAGE[name]}" for name in ("k", "nearest", "threshold", "stretch", "action")],
    message:
        "hold the instructions of D_0 against the benchmarks"
    shell:
        "python {STEPS}/leakage/measure_leakage.py --train selected={input.instructions:q} --train-field instruction"
        " {params.questions:q} {params.numbers:q} --cleaned {output.instructions:q} --rejected {output.rejected:q}"
        " --counts {output.counts:q} --output {output.measured:q} > {log:q} 2>&1"


rule plant_leaks:
    """A deliberately leaky data set, to be measured and never trained on."""
    input:
        instructions=f"{INSTRUCTIONS}/gated.jsonl",
        questions=lambda wildcards: [problems_of(wildcards, name) for name in BENCHMARKS],
    output:
        f"{LEAK}/{{dataset}}.jsonl",
    log:
        f"{LOGS}/plant_leaks/{{dataset}}.log",
    benchmark:
        f"{TIMES}/plant_leaks/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=any_of([name for name, entry in DATASETS.items() if entry["kind"] == "leaky"]),
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("leakage/plant_leaks"),
        share=lambda wildcards: DATASETS[wildcards.dataset]["share"],
        seed=seed_of,
    message:
        "plant questions in {wildcards.dataset}"
    shell:
        "python {STEPS}/leakage/plant_leaks.py {input.instructions:q} --benchmarks {input.questions:q} --share {params.share}"
        " --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule measure_leakage:
    """All data sets of table 3 against all benchmarks, in one pass."""
    input:
        datasets=dataset_files,
        questions=question_files,
    output:
        f"{LEAK}/datasets.json",
    log:
        f"{LOGS}/measure_leakage.log",
    benchmark:
        f"{TIMES}/measure_leakage.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        datasets=datasets_read,
        questions=questions_read("field"),
        numbers=[f"--{name}={LEAKAGE[name]}" for name in ("k", "nearest", "top", "threshold", "stretch")],
    message:
        "measure the leakage of data sets into benchmarks"
    shell:
        "python {STEPS}/leakage/measure_leakage.py {params.datasets:q} {params.questions:q} {params.numbers:q}"
        " --output {output:q} > {log:q} 2>&1"


rule measure_critiques:
    """The critiques of D_t, turns that follow the instruction, against the questions."""
    input:
        datasets=datasets_by_iteration,
        questions=question_files,
    output:
        f"{LEAK}/{{student}}/critiques.json",
    log:
        f"{LOGS}/{{student}}/measure_critiques.log",
    benchmark:
        f"{TIMES}/{{student}}/measure_critiques.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("text"),
    params:
        code=code_digest("leakage/measure_leakage"),
        datasets=iterations_read,
        turns="later",
        questions=questions_read("field"),
        numbers=[f"--{name}={LEAKAGE[name]}" for name in ("k", "nearest", "threshold", "stretch")],
    message:
        "hold the critiques of {wildcards.student} against the benchmarks"
    shell:
        "python {STEPS}/leakage/measure_leakage.py {params.datasets:q} --train-turns {params.turns} {params.questions:q}"
        " {params.numbers:q} --output {output:q} > {log:q} 2>&1"


if SOLVED:

    use rule measure_critiques as measure_responses with:
        output:
            f"{LEAK}/{{student}}/responses.json",
        log:
            f"{LOGS}/{{student}}/measure_responses.log",
        benchmark:
            f"{TIMES}/{{student}}/measure_responses.tsv"
        params:
            code=code_digest("leakage/measure_leakage"),
            datasets=iterations_read,
            turns="assistant",
            questions=questions_read("solution", SOLVED),
            numbers=[f"--{name}={LEAKAGE[name]}" for name in ("k", "nearest", "threshold", "stretch")],
        message:
            "hold the responses of {wildcards.student} against canonical solutions"


rule tabulate_turns:
    """What follows the instructions, by iteration: critiques and responses."""
    input:
        expand(f"{LEAK}/{{student}}/{{measure}}.json", student=STUDENTS, measure=TURN_MEASURES, allow_missing=True),
    output:
        csv=f"{RESULTS}/tables/leakage.csv",
        markdown=report(
            f"{RESULTS}/tables/leakage.md",
            caption="../report/leakage.rst",
            category="Leakage",
            labels={"table": "leakage by iteration", "run": "{run}"},
        ),
        latex=f"{RESULTS}/tables/leakage.tex",
        manifest=f"{RESULTS}/tables/leakage.manifest.json",
    log:
        f"{LOGS}/tabulate_turns.log",
    benchmark:
        f"{TIMES}/tabulate_turns.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("leakage/tabulate_turns"),
        entries=turn_entries(),
        label=config["label"],
    message:
        "leakage by iteration"
    shell:
        "python {STEPS}/leakage/tabulate_turns.py {input:q} --entries {params.entries:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} --manifest {output.manifest:q}"
        " > {log:q} 2>&1"


if DATASETS:

    rule tabulate_leakage:
        """Table 3: data sets against benchmarks, the paper's values beside ours."""
        input:
            measured=f"{LEAK}/datasets.json",
            reference="reference/acr.yaml",
        output:
            csv=f"{RESULTS}/tables/table3.csv",
            markdown=report(
                f"{RESULTS}/tables/table3.md",
                caption="../report/table3.rst",
                category="Leakage",
                labels={"table": "table3", "run": "{run}"},
            ),
            latex=f"{RESULTS}/tables/table3.tex",
            manifest=f"{RESULTS}/tables/table3.manifest.json",
        log:
            f"{LOGS}/table3.log",
        benchmark:
            f"{TIMES}/table3.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("leakage/tabulate_leakage"),
            entries=leakage_entries(),
            label=config["label"],
        message:
            "table3"
        shell:
            "python {STEPS}/leakage/tabulate_leakage.py {input.measured:q} --reference {input.reference:q}"
            " --entries {params.entries:q} --label {params.label:q} --csv {output.csv:q}"
            " --markdown {output.markdown:q} --latex {output.latex:q} --manifest {output.manifest:q} > {log:q} 2>&1"

    rule plot_leakage:
        """Figure 7: the records of the highest similarity to a benchmark."""
        input:
            f"{LEAK}/datasets.json",
        output:
            svg=report(
                f"{RESULTS}/figures/figure7.svg",
                caption="../report/figure7.rst",
                category="Leakage",
                labels={"figure": "7", "run": "{run}"},
            ),
            pdf=f"{RESULTS}/figures/figure7.pdf",
            png=f"{RESULTS}/figures/figure7.png",
            csv=f"{RESULTS}/figures/figure7.csv",
        log:
            f"{LOGS}/figure7.log",
        benchmark:
            f"{TIMES}/figure7.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("leakage/plot_leakage"),
            entries=leakage_entries(),
            label=config["label"],
        message:
            "figure7"
        shell:
            "python {STEPS}/leakage/plot_leakage.py {input:q} --entries {params.entries:q} --label {params.label:q}"
            " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"

    rule table3:
        """Table 3: leakage of data sets into benchmarks."""
        input:
            f"{HOME}/tables/table3.md",

    rule figure7:
        """Figure 7: the nearest records of data sets to benchmarks."""
        input:
            f"{HOME}/figures/figure7.svg",
