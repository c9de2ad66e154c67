"""The result page: one HTML file with all results of a run."""

from refinement.experiment import page as page_content


rule write_report:
    """Write the result page: tables, figures, accounts, times and manifest in one file."""
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
        # These are functions, because Snakemake would take the braces of a text for wildcards.
        settings=lambda wildcards: as_json(page_content.settings(EXPERIMENT)),
        parts=lambda wildcards: as_json(page_content.parts(EXPERIMENT)),
        # This is not an input, because the page would then be made again after every job.
        times=f"{EXPERIMENT.folder}/times",
    message:
        "write the result page"
    shell:
        'python "$STEPS/results/write_report.py" --settings {params.settings:q} --parts {params.parts:q}'
        " --times {params.times:q} --template {input.template:q} --output {output:q} > {log:q} 2>&1"


rule page:
    """Make the result page."""
    input:
        EXPERIMENT.page,
