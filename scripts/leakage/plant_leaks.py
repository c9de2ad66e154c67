"""Make a deliberately leaky data set: replace some instructions by a share of each benchmark's questions.

It shows what a leak looks like in Table 3 and Figure 7. Never train on it.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from refinement.benchmarks.record_types import PROBLEM
from refinement.methods.acr.record_types import INSTRUCTION
from refinement.records.errors import BadInput
from refinement.records.files import load_records, write_records
from refinement.records.randomness import keyed
from refinement.records.record_types import Record
from refinement.running.command_line import parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: instructions")
    options.add_argument("--benchmarks", nargs="*", default=[], help="JSONL: problems whose questions to plant")
    options.add_argument("--share", type=float, required=True, help="share of each benchmark's questions to plant")
    options.add_argument(
        "--seed",
        type=int,
        required=True,
        help="the experiment's seed; it decides which questions replace which instructions",
    )
    options.add_argument("--output", required=True, help="JSONL: instructions; a planted one has the id leak.PROBLEM")
    return options


def plant(instructions: Sequence[Record], problems: Sequence[Record], seed: int) -> list[Record]:
    """Replace randomly chosen instructions by the problems' questions. Raises BadInput if there are too few."""
    if len(problems) > len(instructions):
        raise BadInput(f"{len(problems)} questions cannot replace {len(instructions)} instructions; lower the share")
    places = sorted(
        range(len(instructions)), key=lambda place: keyed(seed, "leaky", instructions[place]["id"]).random()
    )
    planted = list(instructions)
    for place, problem in zip(places, problems, strict=False):
        planted[place] = {
            **instructions[place],
            "id": f"leak.{problem['id']}",
            "instruction": problem["prompt"],
            "lineage": ["planted"],
        }
    return planted


def main(options: Namespace) -> None:
    chosen: list[Record] = []
    for path in options.benchmarks:
        problems = load_records(path, PROBLEM)
        order = sorted(problems, key=lambda problem: keyed(options.seed, "planted", problem["id"]).random())
        chosen += order[: round(options.share * len(problems))]
    instructions = load_records(options.instructions, INSTRUCTION)
    write_records(options.output, plant(instructions, chosen, options.seed), INSTRUCTION)
    print(f"{len(chosen)} of {len(instructions)} instructions are questions of benchmarks: never train on them")


if __name__ == "__main__":
    run_step(main, arguments())
