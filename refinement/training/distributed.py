"""Many processes that train one model: who they are, what each gets of a batch, how they are started."""

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
    """A process's place: its number among ``size`` processes (both from torchrun's environment)."""

    rank: int
    size: int

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0


def find_group(environment: Mapping[str, str] = os.environ) -> Group:
    """This process's place; alone where torchrun did not start it."""
    return Group(int(environment.get("RANK", 0)), int(environment.get("WORLD_SIZE", 1)))


def die_with_parent() -> None:
    """End this process as soon as the one that started it is gone.

    torchrun ends its processes when it is asked to end, but leaves them behind
    when it is killed; they would go on writing.
    """
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def split_batch(batch_size: int, micro_batch: int | None, processes: int) -> tuple[int, int]:
    """Records in one pass of one process, and passes an update, so that an update is ``batch_size`` records.

    Raises BadInput where no whole numbers make it so: the batch of an
    experiment does not depend on how many devices compute it.
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
            f"choose one that divides {share}"
        )
    return micro, share // micro


def node_of(environment: Mapping[str, str]) -> int:
    """Number of this node among those of a job: what Slurm says, one task a node being started."""
    for name in ("SLURM_PROCID", "SLURM_NODEID", "NODE_RANK"):
        if environment.get(name, "").isdigit():
            return int(environment[name])
    raise BadInput("--nodes: this node's number is unknown; start one task a node by srun, or set NODE_RANK")


def host_of(environment: Mapping[str, str]) -> str:
    """The first node of a job, where its processes meet; MASTER_ADDR goes before what Slurm says."""
    if environment.get("MASTER_ADDR"):
        return environment["MASTER_ADDR"]
    listed = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST")
    if not listed:
        raise BadInput("--nodes: nobody says where the processes meet; start them by srun, or set MASTER_ADDR")
    if not re.search(r"[\[,]", listed):
        return listed
    shown = subprocess.run(["scontrol", "show", "hostnames", listed], capture_output=True, text=True, check=True)
    return shown.stdout.split()[0]


def port_of(environment: Mapping[str, str]) -> int:
    """A port that the processes of one job agree on and those of another seldom have."""
    if environment.get("MASTER_PORT"):
        return int(environment["MASTER_PORT"])
    return FIRST_PORT + int(environment.get("SLURM_JOB_ID", 0)) % PORTS


def launch_arguments(
    nodes: int, devices: int, gpus: int, command: list[str], environment: Mapping[str, str]
) -> list[str]:
    """torchrun's arguments for this node: ``devices`` processes, of ``nodes`` x ``devices`` in all.

    Raises BadInput where this node has ``gpus``, but fewer than it is to have processes.
    """
    if 0 < gpus < devices:
        raise BadInput(
            f"--devices {devices}: {gpus} GPUs are seen here; make them equal, or show none to train on CPUs"
        )
    start = [f"--nproc-per-node={devices}"]
    if nodes == 1:
        return [*start, "--standalone", "--", *command]
    place = (f"--node-rank={node_of(environment)}", f"--master-addr={host_of(environment)}")
    return [*start, f"--nnodes={nodes}", *place, f"--master-port={port_of(environment)}", "--", *command]
