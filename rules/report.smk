"""One page of all that a run found."""


rule write_report:
    """The page: tables, figures, accounts, times and manifest in one file."""
    input:
        tables=page_tables("csv"),
        notes=page_tables("md"),
        figures=page_figures(),
        speeds=f"{HOME}/training_speed.csv",
        manifests=page_manifests(),
        captions=sorted(str(path) for path in Path("report").glob("*.rst")),
        template="report/page.html.j2",
    output:
        f"{HOME}/report.html",
    log:
        f"{HOME}/logs/write_report.log",
    benchmark:
        f"{HOME}/times/write_report.tsv"
    conda:
        "../envs/default.yaml"
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/write_report"),
        settings=lambda wildcards: page_settings(),  # as a text, its braces would be wildcards
        # As inputs, times would have the page made again whenever anything is.
        times=f"{HOME}/times",
    message:
        "write the page"
    shell:
        "python {STEPS}/results/write_report.py --settings {params.settings:q} --tables {input.tables:q}"
        " --notes {input.notes:q} --figures {input.figures:q} --manifests {input.manifests:q}"
        " --speeds {input.speeds:q} --captions {input.captions:q} --times {params.times:q} --template {input.template:q}"
        " --output {output:q} > {log:q} 2>&1"


rule page:
    """One page of all that the run found."""
    input:
        f"{HOME}/report.html",
