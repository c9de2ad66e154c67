"""Tables and figures: for each one in the config, a rule that makes it and a target with its name."""

from refinement.experiment import result_rules

# Snakemake's report also shows the file for readers, in the category of its section on the page.
headings = {section.id: section.heading for section in EXPERIMENT.method.sections}
reported = lambda result, path: report(
    path,
    caption=f"{PROJECT}/report/{result.caption}.rst",
    category=headings[result.section],
    labels={result.form: result.name, "run": EXPERIMENT.name if result.once else "{run}"},
)


for result in EXPERIMENT.results:
    place = RUN.replace("{run}", EXPERIMENT.name) if result.once else RUN
    outputs = result.files(EXPERIMENT.name)
    if result.section:
        outputs[result.shown] = reported(result, outputs[result.shown])

    rule:
        name:
            f"make_{result.name}"
        input:
            **{name: list(paths) for name, paths in result.inputs.items() if paths},
            awaited=list(result.awaited),
        output:
            **outputs,
        log:
            f"{place}/logs/{result.name}.log",
        benchmark:
            f"{place}/times/{result.name}.tsv"
        conda:
            ENVIRONMENT
        resources:
            **asks_for("light"),
        params:
            code=code_digest(result.step, *result.needs),
            options=result_rules.options(EXPERIMENT, result),
            compared=result.compared,
            # A function of input and output, which Snakemake does not compare. The parameters above decide the result.
            command=result_rules.command(EXPERIMENT, result),
        message:
            result.title.replace("{", "{{").replace("}", "}}")
        shell:
            "{params.command} > {log:q} 2>&1"

    rule:
        name:
            result.name
        input:
            result.file(EXPERIMENT.name),


rule demo:
    """Make the tables and figures that `make demo` shows."""
    input:
        [result.file(EXPERIMENT.name) for result in EXPERIMENT.results if result.demo],
