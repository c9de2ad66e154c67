"""Start a training step as several processes, on this node or, with srun, on several nodes.

On one node:      python scripts/engines/launch_processes.py --devices 8 -- scripts/engines/train_model.py ...
On several nodes: srun --nodes=2 --ntasks=2 --ntasks-per-node=1 \\
                  python scripts/engines/launch_processes.py --nodes 2 --devices 8 -- scripts/engines/train_model.py ...

The processes connect to the first node, which Slurm names, or to MASTER_ADDR and MASTER_PORT.
"""

import logging
import os
from argparse import REMAINDER, ArgumentParser, Namespace

import torch
from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from refinement.records.errors import BadInput
from refinement.running.command_line import BAD_INPUT, parser, run_step
from refinement.training.distributed import launch_arguments


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--nodes", type=int, default=1, help="number of nodes that run this command")
    options.add_argument("--devices", type=int, required=True, help="processes per node, one for each GPU")
    options.add_argument("command", nargs=REMAINDER, help="--, the step and its options")
    return options


def main(options: Namespace) -> None:
    step = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not step or min(options.nodes, options.devices) < 1:
        raise BadInput("nothing to start; --nodes and --devices must be at least 1, and a step must follow --")
    command = launch_arguments(options.nodes, options.devices, torch.cuda.device_count(), step, os.environ)
    # ChildFailedError holds the same messages.
    logging.getLogger("torch.distributed.elastic.multiprocessing.api").setLevel(logging.CRITICAL)
    try:
        torchrun.run(torchrun.parse_args(command))
    except ChildFailedError as failed:
        told = {failure.message for failure in failed.failures.values()}
        bad = sorted(message for message in told if message.startswith(BAD_INPUT))
        if bad:
            raise BadInput(bad[0].removeprefix(BAD_INPUT)) from None
        raise


if __name__ == "__main__":
    run_step(main, arguments())
