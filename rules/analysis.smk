"""Tables and figures, each a rule that can be asked for by name, each also as data."""


def table_summaries(wildcards):
    """The summaries of a table's benchmarks, for the method's models of all students."""
    return [
        f"{RESULTS}/{student}/acr/benchmarks/{benchmark}/summary.json"
        for student in STUDENTS
        for benchmark in TABLES[wildcards.table]
    ]


def table_entries(wildcards):
    """What each summary is of: student and benchmark, by their titles."""
    return as_json(
        [
            {"student": STUDENTS[student]["title"], "benchmark": BENCHMARKS[benchmark]["title"]}
            for student in STUDENTS
            for benchmark in TABLES[wildcards.table]
        ]
    )


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


def dataset_counts(wildcards):
    """Counts of D_1..D_T of every student, under the method itself."""
    return [path for student in STUDENTS for path in iteration_files(student, "acr", "dataset.counts.json")[1:]]


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


def all_counts(wildcards):
    """The counts of every step up to the tables, in the order of the method."""
    counts = [f"{RESULTS}/seeds/snippets.counts.json"]
    counts += [f"{INSTRUCTIONS}/round_{number}.counts.json" for number in range(ROUNDS + 1)]
    counts += [f"{INSTRUCTIONS}/selected.counts.json", f"{RESULTS}/d0.counts.json"]
    stages = ("samples", "executions", "judgements", "comparisons", "critiques")
    for student in STUDENTS:
        counts.append(f"{RESULTS}/{student}/acr/iter_0/model.counts.json")
        for t in list(iterations_of("acr"))[1:]:
            counts += [f"{RESULTS}/{student}/acr/iter_{t - 1}/{stage}.counts.json" for stage in stages]
            counts += [f"{RESULTS}/{student}/acr/iter_{t}/{stage}.counts.json" for stage in ("dataset", "model")]
        used = sorted({name for names in TABLES.values() for name in names})
        counts += [f"{RESULTS}/{student}/acr/benchmarks/{name}/solutions.counts.json" for name in used]
    return counts


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
        results=RESULTS,
    message:
        "count records"
    shell:
        "python scripts/count_records.py {input:q} --below {params.results:q} --label {params.label:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} --latex {output.latex:q} > {log:q} 2>&1"


rule table1:
    """Table 1: advanced coding ability."""
    input:
        f"{RESULTS}/tables/table1.md",


rule table2:
    """Table 2: fundamental coding ability."""
    input:
        f"{RESULTS}/tables/table2.md",


rule figure5:
    """Figure 5: shares of the kinds of data by iteration."""
    input:
        f"{RESULTS}/figures/figure5.svg",


rule validation:
    """Scores on the validation split, the one that settings may be chosen by."""
    input:
        [f"{RESULTS}/{student}/acr/benchmarks/validation/summary.json" for student in STUDENTS],
