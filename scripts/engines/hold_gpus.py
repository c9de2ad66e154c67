"""Run a command on GPUs that no other job uses.

Slurm assigns GPUs to each job. Snakemake on one machine only counts them, so two jobs
would both use the first GPU. There, this step locks as many GPUs as the job asks for
and makes only these visible to the command; the locks end with the command's last
process. Elsewhere, it only runs the command.
"""

import os
import shutil
from argparse import REMAINDER, ArgumentParser, Namespace

from refinement.records.errors import BadInput
from refinement.running.command_line import parser, run_step
from refinement.running.gpus import take_gpus


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--devices", type=int, required=True, help="number of GPUs")
    options.add_argument("command", nargs=REMAINDER, help="the command and its options")
    return options


def main(options: Namespace) -> None:
    if not options.command or not shutil.which(options.command[0]):
        raise BadInput(f"{' '.join(options.command) or 'nothing'}: no command to run; give one after --devices")
    take_gpus(options.devices)
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    run_step(main, arguments())
