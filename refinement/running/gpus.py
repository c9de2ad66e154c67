"""One machine's GPUs, dealt out to the jobs of a run by a lock for each."""

import fcntl
import os
import time
from pathlib import Path

from refinement.records.errors import BadInput

FOLDER = "REFINEMENT_GPU_LOCKS"
DEVICES = "REFINEMENT_GPU_DEVICES"
_PAUSE = 0.2


def offer_gpus(folder: str | Path, count: int) -> None:
    """Have the jobs that are started from here take their GPUs from ``count`` of those that are visible here.

    Raises BadInput where CUDA_VISIBLE_DEVICES shows fewer: Snakemake would start jobs that wait for ever.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = [str(number) for number in range(count)] if visible is None else list(filter(None, visible.split(",")))
    if len(devices) < count:
        raise BadInput(
            f"CUDA_VISIBLE_DEVICES '{visible}' shows {len(devices)} GPUs, but the run is to use {count}; show more, or "
            f"say --resources gpu={len(devices)}"
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.environ |= {FOLDER: str(Path(folder).resolve()), DEVICES: ",".join(devices[:count])}


def _lock(path: Path) -> bool:
    """Whether the lock was free; then this process and what it becomes hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    os.set_inheritable(descriptor, True)
    return True


def take_gpus(count: int) -> None:
    """See only ``count`` of the GPUs on offer from here on; where none are, or none are asked for, nothing changes.

    Snakemake starts no more jobs than there are GPUs for, so that one waits
    only for what a killed run left behind. Raises BadInput where it asks for
    more than there are (Snakemake lets one job have what there is).
    """
    devices = os.environ.pop(DEVICES, "").split(",")
    folder = os.environ.pop(FOLDER, None)
    if folder is None or not count:
        return
    if count > len(devices):
        raise BadInput(f"--devices {count}: the run deals out {len(devices)} GPUs; ask for fewer, or give it more")
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
