"""Tables and figures: for each one in the config, a rule that makes it and a target with its name."""


def of_run(words):
    """A parameter: words of a command line, with the run's name filled in."""
    return lambda wildcards: [word.replace("{run}", getattr(wildcards, "run", EXPERIMENT.name)) for word in words]


def result_files(result):
    """The files of a result by option; a result of the whole experiment lies in the first run's folder."""
    run = EXPERIMENT.name if result.once else "{run}"
    return {name: path.replace("{run}", run) for name, path in result.outputs.items()}


def result_outputs(result):
    """The outputs of a result; the file for readers is marked for Snakemake's report."""
    files = result_files(result)
    labels = {result.form: result.name, "run": EXPERIMENT.name if result.once else "{run}"}
    if result.section:
        headings = {section.id: section.heading for section in EXPERIMENT.method.sections}
        caption = f"{PROJECT}/report/{result.caption}.rst"
        files[result.shown] = report(
            files[result.shown], caption=caption, category=headings[result.section], labels=labels
        )
    return files


def result_command(result):
    """A parameter: the command line that makes a result, with positional files, options and outputs.

    The command line is a parameter, because Snakemake evaluates `shell:` when a job starts. The loop below has ended
    then, and its variables have the values of the last result.
    """
    words_of = of_run(result.arguments())

    def command(wildcards, input, output):
        words = ["python", f"{PROJECT}/scripts/{result.step}.py", *input.get("files", [])]
        for name in (name for name, paths in result.inputs.items() if paths and name != "files"):
            words += [f"--{name}", *input[name]]
        words += words_of(wildcards)
        return shlex.join(words + [f"--{name}={output[name]}" for name in result.outputs])

    return command


for result in EXPERIMENT.results:
    place = RUN.replace("{run}", EXPERIMENT.name) if result.once else RUN

    rule:
        name:
            f"make_{result.name}"
        input:
            **{name: list(paths) for name, paths in result.inputs.items() if paths},
            awaited=list(result.awaited),
        output:
            **result_outputs(result),
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
            options=of_run(result.arguments()),
            compared=result.compared,
            # A function of input and output, which Snakemake does not compare. The parameters above decide the result.
            command=result_command(result),
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
