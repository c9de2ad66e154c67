"""Write numbers and their squares."""

from argparse import ArgumentParser, Namespace

from refinement.methods.toy.record_types import SQUARE

from refinement.records.files import write_records
from refinement.running.command_line import parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--numbers", type=int, required=True, help="how many")
    options.add_argument("--seed", type=int, required=True, help="the first number")
    options.add_argument("--output", required=True, help="JSONL: squares")
    return options


def main(options: Namespace) -> None:
    numbers = range(options.seed, options.seed + options.numbers)
    write_records(options.output, ({"id": str(number), "square": number * number} for number in numbers), SQUARE)


if __name__ == "__main__":
    run_step(main, arguments())
