"""Distributed training: a process's rank, its share of the batch, and how torchrun starts the processes."""

import ctypes
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from refinement.records.errors import BadInput

_PR_SET_PDEATHSIG = 1
FIRST_PORT, PORTS = 20000, 12000


class Group(NamedTuple):
    """The rank of this process among ``size`` processes, as torchrun's environment gives both."""

    rank: int
    size: int

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0


def find_group(environment: Mapping[str, str] = os.environ) -> Group:
    """The rank of this process and the number of processes; 0 of 1 if torchrun did not start it."""
    return Group(int(environment.get("RANK", 0)), int(environment.get("WORLD_SIZE", 1)))


def die_with_parent() -> None:
    """End this process as soon as its parent process ends.

    torchrun ends its processes when it receives a signal, but not when it is killed;
    they would go on writing files.
    """
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def split_batch(batch_size: int, micro_batch: int | None, processes: int) -> tuple[int, int]:
    """Records per forward pass of one process, and passes per update, such that an update has ``batch_size`` records.

    ``micro_batch``: records per pass; None puts a process's whole share into one pass.

    Raises BadInput if the numbers do not divide evenly: the batch size of an experiment
    must not depend on the number of devices.
    """
    share, rest = divmod(batch_size, processes)
    if rest:
        raise BadInput(
            f"training.batch_size {batch_size} cannot be shared equally by {processes} processes; "
            "change training.nodes or training.devices"
        )
    micro = micro_batch or share
    if share % micro:
        raise BadInput(
            f"training.micro_batch {micro} x {processes} processes does not divide batch_size {batch_size}; "
            f"choose a divisor of {share}"
        )
    return micro, share // micro


def node_rank(environment: Mapping[str, str]) -> int:
    """The rank of this node in the job, from Slurm (which starts one task per node) or NODE_RANK. Raises BadInput."""
    for name in ("SLURM_PROCID", "SLURM_NODEID", "NODE_RANK"):
        if environment.get(name, "").isdigit():
            return int(environment[name])
    raise BadInput("--nodes: the rank of this node is unknown; start one task per node with srun, or set NODE_RANK")


def master_address(environment: Mapping[str, str]) -> str:
    """The node where the processes meet: MASTER_ADDR, else the first node of the Slurm job. Raises BadInput."""
    if environment.get("MASTER_ADDR"):
        return environment["MASTER_ADDR"]
    listed = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST")
    if not listed:
        raise BadInput(
            "--nodes: the address of the first node is unknown; start the processes with srun, or set MASTER_ADDR"
        )
    if not re.search(r"[\[,]", listed):
        return listed
    shown = subprocess.run(["scontrol", "show", "hostnames", listed], capture_output=True, text=True, check=True)
    return shown.stdout.split()[0]


def master_port(environment: Mapping[str, str]) -> int:
    """The port where the processes meet: MASTER_PORT, else one derived from the job's id, to avoid collisions."""
    if environment.get("MASTER_PORT"):
        return int(environment["MASTER_PORT"])
    return FIRST_PORT + int(environment.get("SLURM_JOB_ID", 0)) % PORTS


def launch_arguments(
    nodes: int, devices: int, gpus: int, command: list[str], environment: Mapping[str, str]
) -> list[str]:
    """torchrun's arguments to start ``devices`` processes on this node, out of ``nodes`` x ``devices``.

    ``gpus``: GPUs visible on this node.
    ``command``: the step with its options.

    Raises BadInput if this node has GPUs, but fewer than ``devices``.
    """
    if 0 < gpus < devices:
        raise BadInput(
            f"--devices {devices}: {gpus} GPUs are visible here; make the numbers equal, or hide them to train on CPUs"
        )
    start = [f"--nproc-per-node={devices}"]
    if nodes == 1:
        return [*start, "--standalone", "--", *command]
    place = (f"--node-rank={node_rank(environment)}", f"--master-addr={master_address(environment)}")
    return [*start, f"--nnodes={nodes}", *place, f"--master-port={master_port(environment)}", "--", *command]
