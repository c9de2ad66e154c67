"""The parameters of the rules that make tables and figures."""

import shlex
from collections.abc import Callable
from typing import Any

from refinement.experiment.experiment import Experiment
from refinement.experiment.result import Result


def _words(experiment: Experiment, result: Result, wildcards: Any) -> list[str]:
    run = getattr(wildcards, "run", experiment.name)
    return [word.replace("{run}", run) for word in result.arguments()]


def options(experiment: Experiment, result: Result) -> Callable[[Any], list[str]]:
    """A parameter of a rule: the options of the result's step; if they change, Snakemake makes the result again."""
    return lambda wildcards: _words(experiment, result, wildcards)


def command(experiment: Experiment, result: Result) -> Callable[[Any, Any, Any], str]:
    """A parameter of a rule: the command line of the result's step, with its files.

    Snakemake does not compare this parameter with its earlier value, because the parameter is a function of inputs
    and outputs. The :func:`options`, the inputs and the step's code decide the result.
    """

    def line(wildcards: Any, input: Any, output: Any) -> str:
        words = [*input.get("files", [])]
        for name in (name for name, paths in result.inputs.items() if paths and name != "files"):
            words += [f"--{name}", *input[name]]
        words += _words(experiment, result, wildcards)
        words += [f"--{name}={output[name]}" for name in result.outputs]
        return f'python "$STEPS/{result.step}.py" {shlex.join(words)}'

    return line
