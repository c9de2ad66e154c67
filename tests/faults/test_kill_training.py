"""kill -9 in mid-training; the same command goes on from the last checkpoint and ends with the undisturbed weights."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.training_parts import (
    compare_losses,
    read_log,
    save_records,
    save_student,
    settings_json,
    train,
    training_command,
)
from support.workflow import environment

pytestmark = pytest.mark.faults
EPOCHS = 12  # of 8 updates, the last of 4 records
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A folder with a student, records and the model that an undisturbed training makes."""
    folder = tmp_path_factory.mktemp("parts")
    save_student(folder / "base")
    save_records(folder / "dataset.jsonl", 60)
    train(folder, "whole", settings_json(epochs=EPOCHS))
    return folder


def weights(folder, name):
    return (folder / name / "model.safetensors").read_bytes()


def kill_after(folder, name, settings, happened, devices=1):
    """Start a training and kill it, with all its processes, as soon as ``happened``."""
    with open(folder / f"{name}.killed", "ab") as log:
        run = subprocess.Popen(
            training_command(folder, name, settings, devices), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + 240
    while not happened() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert run.poll() is None, (folder / f"{name}.killed").read_text()[-2000:]
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def marked(folder, name):
    return [path.parent for path in (folder / f"{name}.checkpoints").glob("*/complete.json")]


@pytest.mark.parametrize("trial", range(3))
def test_a_killed_training_ends_with_the_undisturbed_weights(parts, trial):
    name, settings, generator = (
        f"killed{trial}",
        settings_json(epochs=EPOCHS, checkpoint_steps=(3, 8, 1)[trial]),
        random.Random(),
    )
    for kill in range(2):
        wanted = kill + generator.randrange(1, 4)
        seen = set()

        def happened(seen=seen, wanted=wanted, name=name):
            seen.update(marked(parts, name))
            return len(seen) > wanted

        kill_after(parts, name, settings, happened)
        assert not (parts / name).exists() and marked(parts, name)
    said = train(parts, name, settings)
    assert "continues from" in said
    assert weights(parts, name) == weights(parts, "whole")
    assert not (parts / f"{name}.checkpoints").exists(), "removed when the model is whole"
    log, undisturbed = (json.loads((parts / f"{n}.log.json").read_text()) for n in (name, "whole"))
    assert log["losses"] == undisturbed["losses"]
    assert log["steps"] == undisturbed["steps"]


def test_a_half_written_or_foreign_checkpoint_is_not_continued_from(parts):
    settings = settings_json(epochs=EPOCHS, checkpoint_steps=4)
    kill_after(parts, "half", settings, lambda: marked(parts, "half"))
    for path in marked(parts, "half"):
        (path / "complete.json").unlink()
    assert "continues from" not in train(parts, "half", settings)
    assert weights(parts, "half") == weights(parts, "whole")
    kill_after(
        parts,
        "other",
        settings_json(epochs=EPOCHS, checkpoint_steps=4, learning_rate=0.02),
        lambda: marked(parts, "other"),
    )
    assert "continues from" not in train(parts, "other", settings), "other settings"
    assert weights(parts, "other") == weights(parts, "whole")


@pytest.mark.parametrize("deepspeed", [None, "config/deepspeed/zero2.json", "config/deepspeed/zero3.json"])
def test_two_killed_processes_go_on_too(parts, deepspeed):
    name = f"two{deepspeed and Path(deepspeed).stem}"
    settings = settings_json(epochs=EPOCHS, checkpoint_steps=5, deepspeed=deepspeed)
    kill_after(parts, name, settings, lambda: marked(parts, name), devices=2)
    assert "continues from" in train(parts, name, settings, devices=2)
    compare_losses(parts, name, "whole", 1e-3)


def test_two_processes_with_packing_have_the_loss_curve_of_one(parts):
    settings = settings_json(epochs=EPOCHS, packing="bfd_split", over_long="split", max_length=200, micro_batch=2)
    train(parts, "packed", settings)
    train(parts, "packed_two", settings, devices=2)
    compare_losses(parts, "packed_two", "packed", 1e-3)
    tokens = {name: read_log(parts, name)["throughput"]["tokens"] for name in ("packed", "packed_two", "whole")}
    assert len(set(tokens.values())) == 1, tokens


def test_bfloat16_and_gradient_checkpointing_train_on_two_processes(parts):
    settings = settings_json(
        epochs=2, precision="bfloat16", gradient_checkpointing=True, deepspeed="config/deepspeed/zero3.json"
    )
    train(parts, "half_precision", settings, devices=2)
    losses = [entry["loss"] for entry in read_log(parts, "half_precision")["losses"]]
    assert len(losses) == 16 and all(0 < loss < 20 for loss in losses)


def test_the_measurement_of_throughput_runs(tmp_path):
    options = "--shape tiny --precision float32 --updates 3 --batch-size 8 --micro-batch 4 --max-length 512"
    run = subprocess.run(
        [sys.executable, "tests/speed/measure_training.py", *options.split(), "--folder", str(tmp_path)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-8000:]
    assert "| none |" in run.stdout and "| bfd_split |" in run.stdout and "| CPU |" in run.stdout


def test_processes_end_with_the_launcher(parts):
    name, settings = "orphans", settings_json(epochs=500, checkpoint_steps=5)
    with open(parts / f"{name}.killed", "ab") as log:
        run = subprocess.Popen(
            training_command(parts, name, settings, 2), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + 120
    while not marked(parts, name) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = [int(pid) for pid in Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()]
    assert len(children) == 2, sys.executable
    run.kill()
    run.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
