"""How the workflow starts a training, by what the config asks for; nothing is run."""

import re
import subprocess

import pytest

from support.workflow import command, copy_workflow, environment


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ("{}", 'python "$STEPS/engines/train_model.py" results'),
        (
            "{devices: 2}",
            'python "$STEPS/engines/launch_processes.py" --nodes 1 --devices 2 -- "$STEPS/engines/train_model.py" results',
        ),
        (
            "{nodes: 2, devices: 2, deepspeed: config/deepspeed/zero2.json}",
            'srun --nodes=2 --ntasks=2 --ntasks-per-node=1 python "$STEPS/engines/launch_processes.py" --nodes 2 --devices 2 -- ',
        ),
        (
            "{deepspeed: config/deepspeed/zero3.json}",
            'python "$STEPS/engines/launch_processes.py" --nodes 1 --devices 1 -- "$STEPS/engines/train_model.py" results',
        ),
    ],
)
def test_the_config_decides_how_a_training_is_started(tmp_path, training, expected):
    folder, nodes = copy_workflow(tmp_path), 2 if "nodes" in training else 1
    (folder / "own.yaml").write_text(f"training: {training}\nresources: {{training: {{nodes: {nodes}}}}}\n")
    run = subprocess.run(
        [*command("-n", "-p", "results/reduced/tiny/acr/iter_0/model"), "own.yaml"],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert expected in run.stdout + run.stderr


BASELINES = """
resources: {benchmark: {gpu: 1}}
baselines:
  - {name: served, title: Served, model: some/model, backend: server, options: {command: "serve {model} {port} {gpus}", gpus: 4}}
  - {name: asked, title: Asked, model: some/model, backend: endpoint, options: {base_url: "http://127.0.0.1:9/v1", key_variable: null}}
  - {name: loaded, title: Loaded, model: some/model}
"""


def test_a_baseline_s_job_asks_for_the_gpus_that_its_backend_uses(tmp_path):
    folder = copy_workflow(tmp_path)
    (folder / "own.yaml").write_text(BASELINES)
    run = subprocess.run(
        [*command("-n", "-p", "all"), "own.yaml"],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    held = r'hold_gpus\.py" --devices (\d+) python "\$STEPS/engines/complete_requests\.py" results/reduced/baselines/(\w+)/'
    asked = {name: int(number) for number, name in re.findall(held, run.stdout + run.stderr)}
    assert asked == {"served": 4, "asked": 0, "loaded": 1}
    assert '"baselines_gpus": {"Loaded": 1, "Served": 4, "some/model": 0}' in run.stdout + run.stderr
