"""One machine's GPUs are dealt out: what jobs that run side by side are shown, on a machine that needs none."""

import os
import subprocess
import sys

import pytest

from refinement.records.errors import BadInput
from refinement.running.gpus import offer_gpus, take_gpus
from support.workflow import ROOT, command, copy_workflow, environment

STUDENT = """
  - name: {name}
    title: {name}
    pretraining:
      documents: 200
      depths: {{"1": 1}}
      beside: 0.5
      architecture: {{vocabulary: 300, hidden: 32, feed_forward: 64, layers: 1, heads: 2, key_value_heads: 1, positions: 512, rope_theta: 100, initializer_range: 0.06}}
      settings: {{epochs: 1, batch_size: 20, learning_rate: 0.006}}
    chat_template: config/chat_templates/miniature.jinja
    training: {{epochs: 1, batch_size: 8, learning_rate: 0.003}}"""
# Stands before the step's own code: says what it sees, and waits until the other one runs as well.
MEET = """
import os, time
from pathlib import Path
Path("seen").mkdir(exist_ok=True)
Path("seen", str(os.getpid())).write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
for _ in range(600):
    if len(list(Path("seen").iterdir())) == 2:
        break
    time.sleep(0.1)
"""


def test_jobs_side_by_side_see_different_gpus_of_the_user_s(tmp_path):
    folder = copy_workflow(tmp_path)
    step = folder / "scripts/miniature/pretrain_base.py"
    text = step.read_text()
    place = text.index("\nfrom ") + 1
    step.write_text(text[:place] + MEET + text[place:])
    students = "".join(STUDENT.format(name=name) for name in ("one", "two"))
    (folder / "own.yaml").write_text(f"students:{students}\nresources: {{training: {{gpu: 1}}}}\n")
    bases = [f"results/reduced/{name}/base" for name in ("one", "two")]
    run = subprocess.run(
        [*command(*bases, "--resources", "gpu=2"), "own.yaml"],
        cwd=folder, env={**environment(), "CUDA_VISIBLE_DEVICES": "7,5,1"}, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert sorted(path.read_text() for path in (folder / "seen").iterdir()) == ["5", "7"]


def hold(folder, count, command, devices="3,4"):
    """A command that takes so many of what is on offer."""
    offer = {"REFINEMENT_GPU_LOCKS": str(folder), "REFINEMENT_GPU_DEVICES": devices}
    return subprocess.Popen(
        [sys.executable, "scripts/engines/hold_gpus.py", f"--devices={count}", "sh", "-c", command],
        cwd=ROOT, env={**environment(), **offer}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


SAY = 'echo "${CUDA_VISIBLE_DEVICES-all}"'


def test_a_gpu_is_free_when_the_last_process_that_uses_it_has_ended(tmp_path):
    # The shell that took both ends at once; what it started reads on.
    first = hold(tmp_path, 2, f"{SAY}; exec 9<&0; cat <&9 > {tmp_path}/read &")
    assert first.stdout.readline() == "3,4\n"
    assert first.wait(timeout=20) == 0
    second = hold(tmp_path, 1, SAY)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(timeout=2)
    first.stdin.close()
    assert second.communicate(timeout=20)[0] == "3\n"


@pytest.mark.parametrize(("count", "says"), [(0, "all"), (2, "3,4")])
def test_a_job_sees_what_it_asks_for(tmp_path, count, says):
    assert hold(tmp_path, count, SAY).communicate(timeout=20)[0] == f"{says}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--devices=5", "true"], "--devices 5: the workflow has only 2 GPUs; ask for fewer, or give it more"),
        (["--devices=1"], "nothing: no command to run; give one after --devices"),
        (["--devices=1", "no-such-program"], "no-such-program: no command to run; give one after --devices"),
    ],
)
def test_bad_input(tmp_path, arguments, message):
    offer = {"REFINEMENT_GPU_LOCKS": str(tmp_path), "REFINEMENT_GPU_DEVICES": "3,4"}
    told = subprocess.run(
        [sys.executable, "scripts/engines/hold_gpus.py", *arguments],
        cwd=ROOT, env={**environment(), **offer}, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (1, f"error: {message}\n") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("visible", ["4,5", ""])
def test_fewer_gpus_than_the_run_is_to_use_are_no_start(tmp_path, monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(
        BadInput, match=f"CUDA_VISIBLE_DEVICES '{visible}' shows {len(visible) // 2 + bool(visible)} GPUs"
    ):
        offer_gpus(tmp_path / "gpus", 8)
    assert not (tmp_path / "gpus").exists()


def test_without_a_choice_of_the_user_s_the_first_are_on_offer(tmp_path, monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "REFINEMENT_GPU_LOCKS", "REFINEMENT_GPU_DEVICES"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    offer_gpus(tmp_path / "gpus", 2)
    take_gpus(1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0" and "REFINEMENT_GPU_DEVICES" not in os.environ
    assert hold(tmp_path / "gpus", 1, SAY, devices="0,1").communicate(timeout=20)[0] == "1\n"
