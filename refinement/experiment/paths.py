"""The paths of an experiment's files, as patterns with Snakemake's wildcards, relative to the working folder.

A *run* is one repetition of an experiment with one seed. The first run is in ``results/{experiment}``, and the
others are in its subfolders ``seed_{number}``.
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

BASELINES = "baselines"  # the student's name in the paths of models that are measured but not trained


def logs_of(pattern: str) -> str:
    """The folder of logs that corresponds to a folder of results."""
    return pattern.replace(RUN, LOGS, 1)


def times_of(pattern: str) -> str:
    """The folder of Snakemake's benchmark files that corresponds to a folder of results."""
    return pattern.replace(RUN, TIMES, 1)
