"""Where an experiment's files lie, as patterns with Snakemake's wildcards, relative to the working folder.

A *run* is one repetition of an experiment with one seed: the experiment's own
lies in ``results/{experiment}``, further ones below it in ``seed_{number}``.
"""

RUN = "results/{run}"
STUDENT = f"{RUN}/{{student}}"
VARIANT = f"{STUDENT}/{{variant}}"
ITERATION = f"{VARIANT}/iter_{{iteration}}"
BENCHMARK = f"{VARIANT}/{{work}}/{{benchmark}}"
LOGS = f"{RUN}/logs"
TIMES = f"{RUN}/times"
TABLES = f"{RUN}/tables"
FIGURES = f"{RUN}/figures"

BASELINES = "baselines"  # the folder that stands in a student's place for models that are measured and not trained


def logs_of(pattern: str) -> str:
    """The folder of logs that mirrors a folder of results."""
    return pattern.replace(RUN, LOGS, 1)


def times_of(pattern: str) -> str:
    """The folder of Snakemake's benchmark files that mirrors a folder of results."""
    return pattern.replace(RUN, TIMES, 1)
