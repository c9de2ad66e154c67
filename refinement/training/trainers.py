"""Trainers of TRL and transformers with a reproducible data order and crash-safe checkpoints."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from refinement.records.errors import BadInput
from refinement.training.checkpoints import find_latest, lock_folder, mark_complete
from refinement.training.distributed import Group

IGNORED_LABEL = -100  # the label of tokens that do not count towards the loss
ORDER_STATE = "order.pth"


def expose_deepspeed(config: str | None) -> None:
    """Let accelerate find DeepSpeed only if ``config`` names a DeepSpeed configuration.

    accelerate imports an installed DeepSpeed even when it is not used, which adds three
    seconds to every training. Without a GPU, DeepSpeed must be told to use the CPU
    before it is imported, and to communicate by gloo: its own communication library
    takes two minutes and a C++ compiler to build.

    Raises BadInput if ``config`` is given and DeepSpeed is not installed.
    """
    if config is None:
        sys.modules.setdefault("deepspeed", None)
        return
    if sys.modules.get("deepspeed", config) is None:
        del sys.modules["deepspeed"]
    if find_spec("deepspeed") is None:
        raise BadInput(f"training.deepspeed {config}: DeepSpeed is not installed; pip install deepspeed, or set null")
    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
        import_module("deepspeed.ops").__compatible_ops__["deepspeed_shm_comm"] = False


def init_deepspeed() -> None:
    """Initialize DeepSpeed's process group; on a CPU nothing else does so before the model is loaded."""
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    import_module("deepspeed").init_distributed(dist_backend=backend, auto_mpi_discovery=False)


class EpochOrder(Sampler):
    """Yields the indices of one epoch's records, in an order that does not depend on the number of processes.

    ``lengths``: the number of tokens of each record.
    ``batch``: records per update.
    ``filler``: the index of a record without loss, which fills the last batch so that
        every process has work; None leaves the batch short. Without a filler, a trainer
        on several processes would repeat records from the start of the epoch.
    ``by_length``: group records of similar length at random; otherwise keep the order
        of the data.
    """

    def __init__(self, lengths: list[int], batch: int, filler: int | None, by_length: bool) -> None:
        self._drawn = LengthGroupedSampler(batch, lengths=lengths) if by_length else range(len(lengths))
        self._filling = [] if filler is None else [filler] * (-len(lengths) % batch)
        self._count = len(lengths)
        self.state: torch.Tensor | None = None  # of torch's generator, before this epoch's order is drawn
        self.restored: torch.Tensor | None = None

    def __len__(self) -> int:
        return self._count + len(self._filling)

    def __iter__(self) -> Iterator[int]:
        if self.restored is not None:
            torch.set_rng_state(self.restored)
            self.restored = None
        self.state = torch.get_rng_state()
        yield from [*self._drawn, *self._filling]


class _ReproducibleTrainer(Trainer):
    """A trainer whose data order is the same on any number of processes and after a restart.

    transformers draws each epoch's order from torch's generator, but its checkpoints do
    not store the generator's state at the start of the epoch. This trainer stores it.
    """

    order: EpochOrder | None = None
    restored: torch.Tensor | None = None

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> EpochOrder:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        lengths, processes = [len(ids) for ids in dataset["input_ids"]], self.args.world_size
        if processes > 1:
            lengths.pop()
        self.order = EpochOrder(
            lengths,
            self.args.train_batch_size * self.args.gradient_accumulation_steps * processes,
            len(lengths) if processes > 1 else None,
            by_length=self.args.train_sampling_strategy == "group_by_length",
        )
        self.order.restored = self.restored
        return self.order

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        if self.args.should_save and self.order is not None:
            torch.save(self.order.state, Path(output_dir, ORDER_STATE))

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        if state_dict is not None and self.model.config.get_text_config().tie_word_embeddings:
            # DeepSpeed passes copies of the weights, so transformers cannot see which of them are tied.
            tied = self.model._tied_weights_keys or ()
            state_dict = {name: weight for name, weight in state_dict.items() if name not in tied}
        super()._save(output_dir, state_dict)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Do nothing: a checkpoint needs no model card."""

    def add_filler(self) -> None:
        """Append a record without loss that fills the last batch of an epoch, if there are several processes."""
        if self.args.world_size > 1:
            first = self.train_dataset[0]
            kept = {name: value[:2] for name, value in first.items() if name in ("input_ids", "attention_mask")}
            extra = {**kept, "labels": [IGNORED_LABEL, IGNORED_LABEL]}
            if "seq_lengths" in first:
                extra["seq_lengths"] = [2]
            named = [name for name in self.train_dataset.column_names if name in extra]
            dataset = self.train_dataset.select_columns(named)
            filler = Dataset.from_list([{name: extra[name] for name in named}], features=dataset.features)
            self.train_dataset = concatenate_datasets([dataset, filler])

    def continue_from(self, checkpoint: Path | None, records: int, batch: int) -> None:
        """Restore the random state from which the order of the checkpoint's epoch was drawn.

        ``records``: records per epoch.
        ``batch``: records per update.
        """
        if checkpoint is None:
            return
        step = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))["global_step"]
        if step % -(-records // batch):  # at the end of an epoch, the checkpoint's own random state starts the next one
            self.restored = torch.load(checkpoint / ORDER_STATE, weights_only=True)


class FineTuner(_ReproducibleTrainer, SFTTrainer):
    """TRL's SFTTrainer with a reproducible data order."""


class PreTrainer(_ReproducibleTrainer):
    """The Trainer of transformers with a reproducible data order."""


class ProgressCallback(TrainerCallback):
    """Prints the step and the loss as plain lines, which suit a log file; the last step is always included."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Ask for a log entry at the last step, whatever its number."""
        control.should_log = control.should_log or state.global_step == state.max_steps
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Print the step and its loss; the trainer calls this every few steps."""
        if logs and "loss" in logs and state.is_world_process_zero:
            print(f"step {state.global_step}/{state.max_steps} loss {float(logs['loss']):.4f}", flush=True)


def _broadcast(value: Any) -> Any:
    """The value that the first process passes, on all processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value
    values = [value]
    torch.distributed.broadcast_object_list(values, src=0)
    return values[0]


class CheckpointCallback(TrainerCallback):
    """Saves a checkpoint every ``steps`` updates and every ``minutes`` minutes, and marks it once it is complete.

    Use it as a context manager around the training: it locks the folder of checkpoints.
    """

    def __init__(self, folder: Path, identity: str, group: Group, steps: int | None, minutes: float | None) -> None:
        self._folder, self._identity, self._group = folder, identity, group
        self._steps, self._minutes = steps, minutes
        self._last = time.monotonic()

    def __enter__(self) -> "CheckpointCallback":
        self._lock = lock_folder(self._folder) if self._group.first else nullcontext()
        self._lock.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.__exit__(*error)

    def find(self) -> Path | None:
        """The checkpoint to resume from, the same on all processes; None if there is none."""
        found = _broadcast(find_latest(self._folder, self._identity) if self._group.first else None)
        if found and self._group.first:
            print(f"continues from {found}", flush=True)
        return found

    def _due(self, step: int) -> bool:
        if self._steps and step % self._steps == 0:
            return True
        return bool(self._minutes) and _broadcast(time.monotonic() - self._last >= 60 * self._minutes)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Ask for a checkpoint if one is due, and for a log entry, because the checkpoint
        does not store the losses since the last one.
        """
        if state.global_step < state.max_steps and self._due(state.global_step):
            control.should_save = control.should_log = True
        return control

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Mark the checkpoint as complete once all processes have written their parts."""
        if self._group.size > 1:
            torch.distributed.barrier()
        if self._group.first:
            mark_complete(self._folder / f"checkpoint-{state.global_step}", self._identity)
        self._last = time.monotonic()
