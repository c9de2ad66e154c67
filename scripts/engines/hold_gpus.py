"""Run a command on GPUs of its own, where a run on one machine deals them out; elsewhere, just run it.

SLURM gives each job its GPUs. On one machine Snakemake counts them but does
not say which: two jobs would both take the first. So a job takes a lock for
each of its GPUs, which ends with its last process, and sees only these.
"""

import os
import shutil
from argparse import REMAINDER, ArgumentParser, Namespace

from refinement.records.errors import BadInput
from refinement.running.command_line import parser, run_step
from refinement.running.gpus import take_gpus


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--devices", type=int, required=True, help="GPUs that the job asks for")
    options.add_argument("command", nargs=REMAINDER, help="the command with its options")
    return options


def main(options: Namespace) -> None:
    if not options.command or not shutil.which(options.command[0]):
        raise BadInput(f"{' '.join(options.command) or 'nothing'}: no command to run; give one after --devices")
    take_gpus(options.devices)
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    run_step(main, arguments())
