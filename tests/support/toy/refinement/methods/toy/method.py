"""The toy method: one data set, one table."""

from refinement.experiment.experiment import Experiment
from refinement.experiment.method import Method
from refinement.experiment.paths import RUN
from refinement.experiment.result import Result


def results(experiment: Experiment) -> list[Result]:
    """Its one table."""
    return [
        Result(
            "toy_table", "Toy table: squares", "table", "toy/tabulate_squares", "", "toy/table",
            inputs={"files": [f"{RUN}/squares.jsonl"]}, options={"label": experiment.label},
        )
    ]  # fmt: skip


METHOD = Method(name="toy", results=results)
