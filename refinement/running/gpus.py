"""Give each job of a workflow GPUs of its own on one machine. A job holds a lock for each of its GPUs."""

import fcntl
import os
import time
from pathlib import Path

from refinement.records.errors import BadInput

FOLDER = "REFINEMENT_GPU_LOCKS"
DEVICES = "REFINEMENT_GPU_DEVICES"
_PAUSE = 0.2


def offer_gpus(folder: str | Path, count: int) -> None:
    """Offer ``count`` of the GPUs that are visible here to the jobs that this process starts.

    Raises BadInput if CUDA_VISIBLE_DEVICES shows fewer, since Snakemake would start jobs that wait for ever.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = [str(number) for number in range(count)] if visible is None else list(filter(None, visible.split(",")))
    if len(devices) < count:
        raise BadInput(
            f"CUDA_VISIBLE_DEVICES '{visible}' shows {len(devices)} GPUs, but the workflow is to use {count}; "
            f"show more, or say --resources gpu={len(devices)}"
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.environ |= {FOLDER: str(Path(folder).resolve()), DEVICES: ",".join(devices[:count])}


def _lock(path: Path) -> bool:
    """Take a lock if it is free, and say whether it was. The program that replaces this process keeps it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    os.set_inheritable(descriptor, True)
    return True


def take_gpus(count: int) -> None:
    """Take ``count`` of the offered GPUs, and make them the only ones that this process sees.

    Nothing changes if no GPUs are offered or ``count`` is 0. Snakemake starts no
    more jobs than it has GPUs for, so a job waits only for processes that a
    killed workflow left behind. Raises BadInput if the job asks for more GPUs
    than there are, which Snakemake lets a job do that runs alone.
    """
    devices = os.environ.pop(DEVICES, "").split(",")
    folder = os.environ.pop(FOLDER, None)
    if folder is None or not count:
        return
    if count > len(devices):
        raise BadInput(f"--devices {count}: the workflow has only {len(devices)} GPUs; ask for fewer, or give it more")
    taken: list[str] = []
    while True:
        free = [device for device in devices if device not in taken]
        for device in free[:]:
            if len(taken) < count and _lock(Path(folder, device)):
                taken.append(device)
        if len(taken) == count:
            break
        time.sleep(_PAUSE)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
