"""Tables and figures, each a rule that can be asked for by name, each also as data."""


rule make_table:
    """pass@1 by iteration, with intervals."""
    input:
        summaries=table_summaries,
        reference=lambda wildcards: published_figures(TABLES[wildcards.table]),
    output:
        csv=f"{RESULTS}/tables/{{table}}.csv",
        markdown=report(
            f"{RESULTS}/tables/{{table}}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}", "run": "{run}"},
        ),
        latex=f"{RESULTS}/tables/{{table}}.tex",
        manifest=f"{RESULTS}/tables/{{table}}.manifest.json",
    log:
        f"{LOGS}/{{table}}.log",
    benchmark:
        f"{TIMES}/{{table}}.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/tabulate_passes"),
        name="{table}",
        entries=table_entries,
        reference=reference_argument,
        label=config["label"],
    message:
        "{wildcards.table}"
    shell:
        "python {STEPS}/results/tabulate_passes.py {input.summaries:q} --entries {params.entries:q} --name {params.name}"
        " {params.reference:q} --label {params.label:q} --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"


if BASELINES and BENCHMARKS:

    use rule make_table as tabulate_baselines with:
        input:
            summaries=baseline_summaries,
            reference=published_figures(BENCHMARKS),
        output:
            csv=f"{RESULTS}/tables/baselines.csv",
            markdown=f"{RESULTS}/tables/baselines.md",
            latex=f"{RESULTS}/tables/baselines.tex",
            manifest=f"{RESULTS}/tables/baselines.manifest.json",
        log:
            f"{LOGS}/baselines.log",
        benchmark:
            f"{TIMES}/baselines.tsv"
        params:
            code=code_digest("results/tabulate_passes"),
            name="baselines",
            entries=as_json(baseline_entries(BENCHMARKS)),
            reference=reference_argument,
            label=config["label"],
        message:
            "baselines"


rule plot_kinds:
    """Figure 5: what each iteration's data are made of."""
    input:
        dataset_counts,
    output:
        svg=report(
            f"{RESULTS}/figures/figure5.svg",
            caption="../report/figure5.rst",
            category="Figures",
            labels={"figure": "5", "run": "{run}"},
        ),
        pdf=f"{RESULTS}/figures/figure5.pdf",
        png=f"{RESULTS}/figures/figure5.png",
        csv=f"{RESULTS}/figures/figure5.csv",
    log:
        f"{LOGS}/figure5.log",
    benchmark:
        f"{TIMES}/figure5.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("acr/plot_kinds"),
        students=as_json([student["title"] for student in STUDENTS.values()]),
        label=config["label"],
    message:
        "figure5"
    shell:
        "python {STEPS}/acr/plot_kinds.py {input:q} --students {params.students:q} --label {params.label:q}"
        " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"


rule count_records:
    """Records in = records out + rejected, at every step, in one table."""
    input:
        all_counts,
    output:
        csv=f"{RESULTS}/tables/records.csv",
        markdown=report(
            f"{RESULTS}/tables/records.md",
            caption="../report/records.rst",
            category="Records",
            labels={"table": "records", "run": "{run}"},
        ),
        latex=f"{RESULTS}/tables/records.tex",
    log:
        f"{LOGS}/count_records.log",
    benchmark:
        f"{TIMES}/count_records.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/count_records"),
        label=config["label"],
        below=lambda wildcards, output: Path(output.csv).parents[1],
    message:
        "count records"
    shell:
        "python {STEPS}/results/count_records.py {input:q} --below {params.below:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


if "table4" in TABLES:

    rule tabulate_selection:
        """Table 4: best and worst answers by the scoring system."""
        input:
            summaries=summaries_of("scoring", TABLES["table4"]),
            reference=published_figures(TABLES["table4"]),
        output:
            csv=f"{RESULTS}/tables/table4.csv",
            markdown=report(
                f"{RESULTS}/tables/table4.md",
                caption="../report/table4.rst",
                category="Tables",
                labels={"table": "table4", "run": "{run}"},
            ),
            latex=f"{RESULTS}/tables/table4.tex",
            manifest=f"{RESULTS}/tables/table4.manifest.json",
        log:
            f"{LOGS}/table4.log",
        benchmark:
            f"{TIMES}/table4.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("acr/tabulate_selection"),
            entries=selection_entries(),
            reference=reference_argument,
            label=config["label"],
        message:
            "table4"
        shell:
            "python {STEPS}/acr/tabulate_selection.py {input.summaries:q} --entries {params.entries:q} {params.reference:q}"
            " --label {params.label:q} --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q}"
            " --manifest {output.manifest:q} > {log:q} 2>&1"


if "figure3" in FIGURES:

    rule plot_variants:
        """Figure 3: ablations and controls."""
        input:
            variant_summaries(),
        output:
            svg=report(
                f"{RESULTS}/figures/figure3.svg",
                caption="../report/figure3.rst",
                category="Figures",
                labels={"figure": "3", "run": "{run}"},
            ),
            pdf=f"{RESULTS}/figures/figure3.pdf",
            png=f"{RESULTS}/figures/figure3.png",
            csv=f"{RESULTS}/figures/figure3.csv",
        log:
            f"{LOGS}/figure3.log",
        benchmark:
            f"{TIMES}/figure3.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("acr/plot_variants"),
            entries=variant_entries(),
            last=last_compared(),
            label=config["label"],
        message:
            "figure3"
        shell:
            "python {STEPS}/acr/plot_variants.py {input:q} --entries {params.entries:q} --last {params.last} --label {params.label:q}"
            " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"


if "figure4" in FIGURES:

    rule plot_feedback:
        """Figure 4: second tries with feedback."""
        input:
            summaries_of("feedback", FIGURES["figure4"]),
        output:
            svg=report(
                f"{RESULTS}/figures/figure4.svg",
                caption="../report/figure4.rst",
                category="Figures",
                labels={"figure": "4", "run": "{run}"},
            ),
            pdf=f"{RESULTS}/figures/figure4.pdf",
            png=f"{RESULTS}/figures/figure4.png",
            csv=f"{RESULTS}/figures/figure4.csv",
        log:
            f"{LOGS}/figure4.log",
        benchmark:
            f"{TIMES}/figure4.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("acr/plot_feedback"),
            entries=entries_of(FIGURES["figure4"]),
            format=config["feedback"]["format"],
            cases=config["feedback"]["cases"],
            label=config["label"],
        message:
            "figure4"
        shell:
            "python {STEPS}/acr/plot_feedback.py {input:q} --entries {params.entries:q} --format {params.format} --cases {params.cases} --label {params.label:q}"
            " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"


if "figure6" in FIGURES:

    rule plot_iterations:
        """Figure 6: more iterations."""
        input:
            iteration_summaries(),
        output:
            svg=report(
                f"{RESULTS}/figures/figure6.svg",
                caption="../report/figure6.rst",
                category="Figures",
                labels={"figure": "6", "run": "{run}"},
            ),
            pdf=f"{RESULTS}/figures/figure6.pdf",
            png=f"{RESULTS}/figures/figure6.png",
            csv=f"{RESULTS}/figures/figure6.csv",
        log:
            f"{LOGS}/figure6.log",
        benchmark:
            f"{TIMES}/figure6.tsv"
        conda:
            "../envs/default.yaml"
        resources:
            **asks_for("light"),
        params:
            code=code_digest("acr/plot_iterations"),
            entries=iteration_entries(),
            final=FINAL,
            label=config["label"],
        message:
            "figure6"
        shell:
            "python {STEPS}/acr/plot_iterations.py {input:q} --entries {params.entries:q} --final {params.final} --label {params.label:q}"
            " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"


rule summarize_seeds:
    """Mean and standard deviation over seeds of every number in every table and figure."""
    input:
        seed_data(),
    output:
        csv=f"{HOME}/tables/seeds.csv",
        markdown=report(
            f"{HOME}/tables/seeds.md",
            caption="../report/seeds.rst",
            category="Seeds",
            labels={"table": "seeds", "run": config["experiment"]},
        ),
        latex=f"{HOME}/tables/seeds.tex",
    log:
        f"{HOME}/logs/summarize_seeds.log",
    benchmark:
        f"{HOME}/times/summarize_seeds.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/summarize_seeds"),
        seeds=list(RUNS.values()),
        label=config["label"],
    message:
        "mean and standard deviation over seeds"
    shell:
        "python {STEPS}/results/summarize_seeds.py {input:q} --seeds {params.seeds} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


# Short names of what people ask for, of the run itself.


if "table1" in TABLES:

    rule table1:
        """Table 1: advanced coding ability."""
        input:
            f"{HOME}/tables/table1.md",


if "table2" in TABLES:

    rule table2:
        """Table 2: fundamental coding ability."""
        input:
            f"{HOME}/tables/table2.md",


if "table4" in TABLES:

    rule table4:
        """Table 4: the scoring system."""
        input:
            f"{HOME}/tables/table4.md",


if "table5" in TABLES:

    rule table5:
        """Table 5: other languages."""
        input:
            f"{HOME}/tables/table5.md",


if "figure3" in FIGURES:

    rule figure3:
        """Figure 3: ablations and controls."""
        input:
            f"{HOME}/figures/figure3.svg",


if "figure4" in FIGURES:

    rule figure4:
        """Figure 4: second tries with feedback."""
        input:
            f"{HOME}/figures/figure4.svg",


if "figure6" in FIGURES:

    rule figure6:
        """Figure 6: more iterations."""
        input:
            f"{HOME}/figures/figure6.svg",


rule demo:
    """The method itself, up to M_T: its tables and the kinds of its data."""
    input:
        [f"{HOME}/tables/{table}.md" for table in TABLES if table in ("table1", "table2", "table5")],
        f"{HOME}/figures/figure5.svg",


rule figure5:
    """Figure 5: shares of the kinds of data by iteration."""
    input:
        f"{HOME}/figures/figure5.svg",


if BASELINES and BENCHMARKS:

    rule baselines:
        """The config's baselines on all its benchmarks, and nothing else: no model is trained."""
        input:
            f"{HOME}/tables/baselines.md",


if "validation" in BENCHMARKS:

    rule validation:
        """Scores on the validation split, the one that settings may be chosen by."""
        input:
            [f"{HOME}/{student}/acr/benchmarks/validation/summary.json" for student in STUDENTS],
