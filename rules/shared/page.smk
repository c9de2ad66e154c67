"""One page of all that a run found."""

from refinement.experiment import page as page_content


rule write_report:
    """The page: tables, figures, accounts, times and manifest in one file."""
    input:
        files=page_content.files(EXPERIMENT),
        template=EXPERIMENT.project_file("report/page.html.j2"),
    output:
        EXPERIMENT.page,
    log:
        f"{EXPERIMENT.folder}/logs/write_report.log",
    benchmark:
        f"{EXPERIMENT.folder}/times/write_report.tsv"
    conda:
        ENVIRONMENT
    resources:
        **asks_for("light"),
    params:
        code=code_digest("results/write_report"),
        # As texts, their braces would be wildcards.
        settings=lambda wildcards: as_json(page_content.settings(EXPERIMENT)),
        parts=lambda wildcards: as_json(page_content.parts(EXPERIMENT)),
        # As inputs, times would have the page made again whenever anything is.
        times=f"{EXPERIMENT.folder}/times",
    message:
        "write the page"
    shell:
        'python "$STEPS/results/write_report.py" --settings {params.settings:q} --parts {params.parts:q}'
        " --times {params.times:q} --template {input.template:q} --output {output:q} > {log:q} 2>&1"


rule page:
    """One page of all that the run found."""
    input:
        EXPERIMENT.page,
