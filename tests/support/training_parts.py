"""A tiny student, records and the command lines to train it, for tests that start real processes."""

import json
import subprocess
import sys
from pathlib import Path

from refinement.methods.acr.record_types import DATASET
from refinement.methods.acr.refining import single_turn
from refinement.miniature.lists.corpus import compose_documents
from refinement.miniature.lists.grammar import CALL, instruct, write_code
from refinement.miniature.lists.student import new_model, train_tokenizer
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.files import atomic_write, write_records
from refinement.records.randomness import keyed
from support.workflow import environment

ROOT = Path(__file__).parents[2]
TEMPLATE = Path("config/chat_templates/miniature.jinja")
ARCHITECTURE = {
    "vocabulary": 400, "hidden": 32, "feed_forward": 64, "layers": 2, "heads": 2, "key_value_heads": 1, "positions": 256,
    "rope_theta": 100, "initializer_range": 0.06,
}  # fmt: skip
SETTINGS = {
    "epochs": 1, "batch_size": 8, "learning_rate": 0.003, "min_lr_ratio": 0.05, "warmup_ratio": 0.1, "weight_decay": 0.01, "adam_beta1": 0.9,
    "adam_beta2": 0.98, "max_grad_norm": 1.0, "max_length": 256, "over_long": "refuse", "micro_batch": None, "precision": "float32",
    "gradient_checkpointing": False, "seed": 1,
}  # fmt: skip


def settings_json(**changes):
    return json.dumps({**SETTINGS, **changes})


def save_student(folder):
    """A random model with a tokenizer that learned from the miniature's corpus."""
    tokenizer = train_tokenizer(
        list(compose_documents(400, {1: 1, 2: 1}, 0.3, 0)), ARCHITECTURE["vocabulary"], TEMPLATE, 0
    )
    model = new_model(ARCHITECTURE, tokenizer, 0)
    with atomic_write(folder, folder=True) as path:
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)


def make_records(count):
    """Records of D_0, of one to three steps each."""
    wordings = [
        draw_wording(keyed("student", n), draw_specification(keyed("student", n), 1 + n % 3)) for n in range(count)
    ]
    return [
        single_turn({"id": str(n), "instruction": instruct(w)}, f"```python\n{write_code(w.specification)}\n{CALL}\n```", "initial", "teacher")
        for n, w in enumerate(wordings)
    ]  # fmt: skip


def save_records(path, count):
    write_records(path, make_records(count), DATASET)


def training_command(folder, name, settings, devices=1, nodes=1):
    """train_model on what a folder holds, by itself or as processes of one node, or of one among several."""
    several = ["scripts/engines/launch_processes.py", "--nodes", str(nodes), "--devices", str(devices), "--"]
    start = several if nodes * devices > 1 else []
    outputs = [
        f"--{kind}={folder}/{name}{suffix}"
        for kind, suffix in (
            ("output", ""),
            ("log", ".log.json"),
            ("counts", ".counts.json"),
            ("rejected", ".rejected.jsonl"),
        )
    ]
    step = ["scripts/engines/train_model.py", f"{folder}/dataset.jsonl", f"--start={folder}/base", "--loss=all"]
    return [sys.executable, *start, *step, f"--settings={settings}", *outputs]


def train(folder, name, settings, devices=1):
    """Train to the end; what was said."""
    run = subprocess.run(
        training_command(folder, name, settings, devices), cwd=ROOT, env=environment(), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-3000:]
    return run.stdout


def train_on_nodes(folder, name, settings, nodes, port):
    """The same by one process on each of several nodes, as srun would start them, all on this machine."""
    runs = [
        subprocess.Popen(
            training_command(folder, name, settings, nodes=nodes), cwd=ROOT, stdin=subprocess.DEVNULL,
            env={**environment(), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": str(node)},
        )
        for node in range(nodes)
    ]  # fmt: skip
    assert [run.wait(timeout=300) for run in runs] == [0] * nodes


def read_log(folder, name):
    return json.loads(Path(folder, f"{name}.log.json").read_text())


def compare_losses(folder, name, other, tolerance, least=1):
    """Whether two trainings have one loss curve; returns the largest difference."""
    one, two = read_log(folder, name)["losses"], read_log(folder, other)["losses"]
    assert [entry["step"] for entry in one] == [entry["step"] for entry in two] and len(one) >= least
    difference = max(abs(a["loss"] - b["loss"]) for a, b in zip(one, two, strict=True))
    assert difference < tolerance, difference
    return difference
