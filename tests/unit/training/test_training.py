"""Training on one process and on several: batches, packing, checkpoints, throughput; two real processes on gloo."""

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refinement.records.errors import BadInput
from refinement.records.files import write_json
from refinement.training import trainers
from refinement.training.checkpoints import (
    MARK,
    describe_initial_model,
    find_latest,
    identify,
    lock_folder,
    mark_complete,
    remove_checkpoints,
)
from refinement.training.distributed import launch_arguments, master_address, master_port, node_rank, split_batch
from refinement.training.settings import Settings, read_settings
from refinement.training.sft import fine_tune, load_student, pretrain, split_over_long
from refinement.training.throughput import ModelShape, flops_per_token, measure_throughput, peak_flops
from refinement.training.trainers import EpochOrder, expose_deepspeed
from support.training_parts import (
    SETTINGS,
    compare_losses,
    make_records,
    read_log,
    save_records,
    save_student,
    settings_json,
    train,
    train_on_nodes,
    training_command,
)
from support.workflow import ROOT, environment


@given(st.integers(1, 512), st.integers(1, 64) | st.none(), st.integers(1, 32))
def test_an_update_has_the_batch_size_on_any_number_of_processes(batch, micro, processes):
    try:
        records, passes = split_batch(batch, micro, processes)
    except BadInput as error:
        assert "\n" not in str(error) and (batch % processes or (batch // processes) % micro)
    else:
        assert records * passes * processes == batch and records == (micro or batch // processes)


def test_launch_arguments_name_the_nodes_and_the_first_of_them():
    step = ["scripts/engines/train_model.py", "--start", "x"]
    for gpus in (0, 8):
        assert launch_arguments(1, 8, gpus, step, {}) == ["--nproc-per-node=8", "--standalone", "--", *step]
    with pytest.raises(BadInput, match="--devices 8: 2 GPUs are visible here; make the numbers equal"):
        launch_arguments(1, 8, 2, step, {})
    slurm = {"SLURM_PROCID": "1", "SLURM_JOB_NODELIST": "gpu3", "SLURM_JOB_ID": "41"}
    command = launch_arguments(2, 8, 8, step, slurm)
    assert {"--nnodes=2", "--node-rank=1", "--master-addr=gpu3", "--master-port=20041"} <= set(command)
    assert (master_address({**slurm, "MASTER_ADDR": "127.0.0.1"}), master_port({**slurm, "MASTER_PORT": "7"})) == (
        "127.0.0.1",
        7,
    )
    with pytest.raises(BadInput, match="the address of the first node is unknown"):
        master_address({})
    with pytest.raises(BadInput, match="the rank of this node is unknown"):
        node_rank({})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_length": 8}, r"60 records exceed training.max_length 8 tokens, first 0; raise the limit, .*"),
        ({"batchsize": 8}, r"--settings: the key 'batchsize' is unknown; .*"),
    ],
)
def test_bad_input_on_several_processes_is_one_line(parts, changes, message):
    command = training_command(parts, "bad", json.dumps({**SETTINGS, **changes}), devices=2)
    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    *bars, line = run.stderr.splitlines()  # transformers draws progress bars while it loads weights
    assert run.returncode == 1 and re.fullmatch(f"error: {message}", line), run.stderr
    assert not [bar for bar in bars if bar and not bar.startswith("Loading weights")], run.stderr
    assert not [path for path in parts.iterdir() if "bad" in path.name]


def test_incomplete_or_unknown_settings_are_refused():
    assert read_settings(SETTINGS) == Settings(**SETTINGS)
    few = {name: value for name, value in SETTINGS.items() if name != "epochs"}
    for wrong, says in (
        (few, "the key 'epochs' is missing"),
        ({**SETTINGS, "x": 1}, "'x' is unknown"),
        ([1], "object"),
    ):
        with pytest.raises(BadInput, match=says):
            read_settings(wrong)


def test_an_error_in_a_process_is_reported_with_its_traceback(parts):
    command = training_command(parts, "bad", json.dumps({**SETTINGS, "learning_rate": "fast"}), devices=2)
    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "Traceback" in run.stderr and "ChildFailedError" in run.stderr
    assert all(f"[rank{rank}]: TypeError: '<=' not supported" in run.stderr for rank in (0, 1)), run.stderr


def test_a_model_does_not_replace_a_folder_without_a_model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/thesis.txt").write_text("precious")
    with pytest.raises(BadInput, match="model: is a folder that holds no model; name another folder"):
        pretrain(None, None, [{"input_ids": [1]}], Settings(**SETTINGS), tmp_path / "model", print)
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "thesis.txt"]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.sampled_from([2, 4, 8]))
def test_an_epoch_has_every_record_once_and_fills_the_last_batch(lengths, batch):
    order = EpochOrder(lengths, batch, filler=len(lengths), by_length=True)
    torch.manual_seed(3)
    first = list(order)
    assert sorted(first[: len(lengths)]) == list(range(len(lengths)))
    assert len(first) == len(order) and len(first) % batch == 0 and set(first[len(lengths) :]) <= {len(lengths)}
    kept = order.state
    second = list(order)
    order.restored = kept
    assert list(order) == first and list(EpochOrder(lengths, batch, None, by_length=False)) == list(range(len(lengths)))
    torch.set_rng_state(kept)
    assert [list(order), list(order)] == [first, second]


def checkpoint(folder, step, identity):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "weights").write_text("w")
    if identity:
        mark_complete(path, identity)
    return path


def test_only_the_latest_complete_checkpoint_of_this_training_is_kept(tmp_path):
    checkpoint(tmp_path, 5, "mine")
    kept = checkpoint(tmp_path, 10, "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]
    checkpoint(tmp_path, 15, None)
    assert find_latest(tmp_path, "mine") == kept and not (tmp_path / "checkpoint-15").exists()
    (kept / MARK).write_text('{"trai')
    assert find_latest(tmp_path, "mine") is None and not list(tmp_path.iterdir())
    checkpoint(tmp_path, 20, "another's")
    assert find_latest(tmp_path, "mine") is None and not list(tmp_path.iterdir())


def test_an_interrupted_removal_leaves_a_complete_checkpoint_or_none(tmp_path):
    ends = []
    for deletions in range(20):
        folder = tmp_path / str(deletions)
        kept = checkpoint(folder, 5, "mine")
        for name in ("optimizer.pt", "model.safetensors", "scheduler.pt"):
            (kept / name).write_text(name)
        files = {path.name for path in kept.iterdir()}
        with lock_folder(folder):
            killed = os.fork()
            if killed == 0:
                left = iter(range(deletions))
                sys.addaudithook(
                    lambda event, _, left=left: (
                        event in ("os.remove", "os.rmdir") and next(left, None) is None and os._exit(1)
                    )
                )
                remove_checkpoints(folder)
                os._exit(0)
            ends.append(os.waitpid(killed, 0)[1])
        found = find_latest(folder, "mine") if folder.exists() else None
        assert found is None or {path.name for path in found.iterdir()} == files
    assert ends[0] != 0 and ends[-1] == 0 and not folder.exists()


def test_one_training_locks_its_folder_of_checkpoints(tmp_path):
    folder = tmp_path / "checkpoints"
    with lock_folder(folder), open(folder / "lock") as second:
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    with lock_folder(folder):
        assert folder.is_dir()


def test_the_identity_changes_with_data_and_initial_model(tmp_path):
    assert identify({"a": 1, "b": 2}, ["x"]) == identify({"b": 2, "a": 1}, ["x"]) != identify({"a": 1, "b": 2}, ["y"])
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = describe_initial_model(str(tmp_path))
    os.utime(tmp_path / "model.safetensors", ns=(1, 1))
    assert describe_initial_model(str(tmp_path)) != before and describe_initial_model("org/model") == "org/model"


def test_throughput_and_mfu():
    shape = ModelShape(weights=1000, layers=2, width=10)
    assert flops_per_token(shape, 5) == 6000 + 12 * 2 * 10 * 5
    assert peak_flops("NVIDIA A100-SXM4-80GB", "bfloat16") == 3.12e14
    assert peak_flops("NVIDIA H100 80GB HBM3", "bfloat16") == 9.895e14 > peak_flops("NVIDIA H100 PCIe", "bfloat16")
    assert peak_flops("CPU", "bfloat16") is peak_flops("NVIDIA A100-SXM4-80GB", "float32") is None
    found = measure_throughput(10**9, 10.0, shape, 5, "NVIDIA A100-SXM4-80GB", "bfloat16", 2)
    assert found["tokens_per_second"] == 1e8
    assert found["mfu"] == pytest.approx(1e8 * 7200 / 6.24e14, abs=1e-4)
    assert measure_throughput(10, 0.0, shape, 5, "CPU", "float32", 1)["mfu"] is None


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A folder with a student, 60 records and the models that one process trains on them."""
    folder = tmp_path_factory.mktemp("parts")
    save_student(folder / "base")
    save_records(folder / "dataset.jsonl", 60)
    settings = Settings(**{**SETTINGS, "epochs": 7})
    for name, changes in (("one", {}), ("passes", {"micro_batch": 2}), ("packed", {"packing": "bfd_split"})):
        model, tokenizer = load_student(str(folder / "base"))
        write_log = partial(write_json, folder / f"{name}.log.json")
        fine_tune(model, tokenizer, make_records(60), settings._replace(**changes), folder / name, "all", write_log)
    return folder


def test_gradient_accumulation_has_the_same_losses(parts):
    compare_losses(parts, "passes", "one", 1e-4, least=50)
    log = read_log(parts, "one")
    assert log["steps"] == log["losses"][-1]["step"] == 56
    assert log["train_loss"] == pytest.approx(sum(entry["loss"] for entry in log["losses"]) / 56)


def lengths_of(parts, records):
    _, tokenizer = load_student(str(parts / "base"))
    return [len(ids) for ids in tokenizer.apply_chat_template([r["messages"] for r in records])["input_ids"]]


def test_packing_loses_no_token_and_needs_fewer_updates(parts):
    tokens = 7 * sum(lengths_of(parts, make_records(60)))
    assert read_log(parts, "packed")["throughput"]["tokens"] == read_log(parts, "one")["throughput"]["tokens"] == tokens
    assert read_log(parts, "packed")["steps"] < read_log(parts, "one")["steps"]


def packed_trainer(parts, tmp_path, monkeypatch, **changes):
    import refinement.training.sft as training

    seen = []
    monkeypatch.setattr(training, "_run_trainer", lambda trainer, *_: seen.append(trainer) or {})
    model, tokenizer = load_student(str(parts / "base"))
    settings = Settings(**{**SETTINGS, "packing": "bfd_split", "over_long": "split", **changes})
    records = make_records(20)
    assert split_over_long(records, tokenizer, settings) == (records, [])
    fine_tune(model, tokenizer, records, settings, tmp_path / "model", "all", print)
    return seen[0], records


def test_records_longer_than_a_row_are_split_without_loss(parts, tmp_path, monkeypatch):
    lengths = lengths_of(parts, make_records(20))
    short = sorted(lengths)[10] - 1
    trainer, _ = packed_trainer(parts, tmp_path, monkeypatch, max_length=short)
    rows = trainer.train_dataset["input_ids"]
    assert max(map(len, rows)) <= short < max(lengths) and sum(map(len, rows)) == sum(lengths)
    with pytest.raises(BadInput, match="split requires training.packing bfd_split"):
        split_over_long([], None, Settings(**{**SETTINGS, "over_long": "split"}))


def test_packed_records_do_not_attend_to_each_other(parts, tmp_path, monkeypatch):
    """The logits of a packed row equal those of each record alone."""
    trainer, _ = packed_trainer(parts, tmp_path, monkeypatch)
    row = next(row for row in trainer.train_dataset if len(row["seq_lengths"]) > 1)
    batch, model = trainer.data_collator([row]), trainer.model.eval()
    with torch.no_grad():
        packed = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits[0]
        start = 0
        for length in row["seq_lengths"]:
            alone = model(input_ids=batch["input_ids"][:, start : start + length]).logits[0]
            assert torch.allclose(packed[start : start + length], alone, atol=1e-4)
            start += length


def test_deepspeed_is_hidden_unless_it_is_configured(monkeypatch):
    monkeypatch.delitem(sys.modules, "deepspeed", raising=False)
    expose_deepspeed(None)
    assert find_spec("deepspeed") is None, "accelerate would import it, which takes seconds"
    monkeypatch.setattr(trainers, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="DeepSpeed is not installed"):
        expose_deepspeed("zero2.json")
    assert "deepspeed" not in sys.modules


def test_two_nodes_have_the_loss_curve_of_one_process(parts):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    train_on_nodes(parts, "two", settings_json(epochs=7, micro_batch=2), 2, port)
    compare_losses(parts, "two", "one", 1e-3, least=50)
    assert read_log(parts, "two")["throughput"]["processes"] == 2


@pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed")
@pytest.mark.parametrize("stage", [pytest.param(2, marks=pytest.mark.faults), 3])
def test_two_processes_of_deepspeed_have_the_loss_curve_of_one(parts, stage):
    name = f"zero{stage}"
    train(parts, name, settings_json(epochs=7, deepspeed=f"config/deepspeed/{name}.json"), devices=2)
    compare_losses(parts, name, "one", 1e-3, least=50)
    from safetensors.torch import load_file

    one, other = (load_file(parts / n / "model.safetensors") for n in ("one", name))
    assert one.keys() == other.keys()
    assert all(torch.allclose(one[key], other[key], atol=1e-3) and one[key].dtype == other[key].dtype for key in one)
    load_student(str(Path(parts, name)))
