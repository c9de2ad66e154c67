"""Compose a benchmark of the miniature: tasks of the grammar with tests.

Specifications are divided into shares by hash. --part I/N uses only the I-th of N
shares, so benchmarks with different I and the same N have no task in common.
"""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.record_types import PROBLEM
from refinement.miniature.lists.problems import compose_problems
from refinement.records.errors import BadInput
from refinement.records.files import write_records
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--name", required=True, help="name of the benchmark")
    options.add_argument("--size", type=int, required=True, help="number of problems")
    options.add_argument("--depths", type=json_value, required=True, help="JSON: weight of each number of steps")
    options.add_argument("--part", required=True, help="I/N: share of the specifications to use")
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--output", required=True, help="JSONL: problems")
    return options


def main(options: Namespace) -> None:
    if options.size < 1:
        raise BadInput(f"benchmark {options.name}: size {options.size}; a benchmark needs at least one problem")
    part, parts = map(int, options.part.split("/"))
    depths = {int(depth): weight for depth, weight in options.depths.items()}
    problems = compose_problems(options.name, options.size, depths, part, parts, options.seed)
    write_records(options.output, problems, PROBLEM)


if __name__ == "__main__":
    run_step(main, arguments())
