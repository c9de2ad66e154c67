"""Tables and figures, each a rule that can be asked for by name, each also as data."""


rule make_table:
    """pass@1 by iteration, with intervals."""
    input:
        table_summaries,
    output:
        csv=f"{RESULTS}/tables/{{table}}.csv",
        markdown=report(
            f"{RESULTS}/tables/{{table}}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        latex=f"{RESULTS}/tables/{{table}}.tex",
        manifest=f"{RESULTS}/tables/{{table}}.manifest.json",
    log:
        f"{LOGS}/{{table}}.log",
    benchmark:
        f"{TIMES}/{{table}}.tsv"
    conda:
        "../envs/default.yaml"
    params:
        code=code_digest("tabulate_passes"),
        entries=table_entries,
        label=config["label"],
    message:
        "{wildcards.table}"
    shell:
        "python scripts/tabulate_passes.py {input:q} --entries {params.entries:q} --name {wildcards.table}"
        " --label {params.label:q} --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"


rule plot_kinds:
    """Figure 5: what each iteration's data are made of."""
    input:
        dataset_counts,
    output:
        svg=report(
            f"{RESULTS}/figures/figure5.svg",
            caption="../report/figure5.rst",
            category="Figures",
            labels={"figure": "5"},
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
    params:
        code=code_digest("plot_kinds"),
        students=as_json([student["title"] for student in STUDENTS.values()]),
        label=config["label"],
    message:
        "figure5"
    shell:
        "python scripts/plot_kinds.py {input:q} --students {params.students:q} --label {params.label:q}"
        " --svg {output.svg:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} > {log:q} 2>&1"


rule count_records:
    """Records in = records out + rejected, at every step, in one table."""
    input:
        all_counts,
    output:
        csv=f"{RESULTS}/tables/records.csv",
        markdown=report(f"{RESULTS}/tables/records.md", caption="../report/records.rst", category="Records"),
        latex=f"{RESULTS}/tables/records.tex",
    log:
        f"{LOGS}/count_records.log",
    benchmark:
        f"{TIMES}/count_records.tsv"
    conda:
        "../envs/default.yaml"
    params:
        code=code_digest("count_records"),
        label=config["label"],
        below=lambda wildcards, output: Path(output.csv).parents[1],
    message:
        "count records"
    shell:
        "python scripts/count_records.py {input:q} --below {params.below:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


if "table1" in TABLES:

    rule table1:
        """Table 1: advanced coding ability."""
        input:
            f"{RESULTS}/tables/table1.md",


if "table2" in TABLES:

    rule table2:
        """Table 2: fundamental coding ability."""
        input:
            f"{RESULTS}/tables/table2.md",


rule figure5:
    """Figure 5: shares of the kinds of data by iteration."""
    input:
        f"{RESULTS}/figures/figure5.svg",


if "validation" in BENCHMARKS:

    rule validation:
        """Scores on the validation split, the one that settings may be chosen by."""
        input:
            [f"{RESULTS}/{student}/acr/benchmarks/validation/summary.json" for student in STUDENTS],
