"""What is added to the trainers of TRL and transformers: an order that repeats, and checkpoints that can be trusted."""

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
from refinement.training.checkpoints import find_last, hold, mark_whole
from refinement.training.distributed import Group

IGNORED = -100  # label of a token that bears no loss
ORDER_STATE = "order.pth"


def admit_deepspeed(config: str | None) -> None:
    """Have accelerate see DeepSpeed only where it is asked for.

    Where it is installed, accelerate imports it to look for its models, which
    takes three seconds of every training. Without a GPU it has to be told so
    before it is imported, and to leave communication to gloo instead of
    compiling its own, which takes two minutes and a C++ compiler.
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


def join_deepspeed() -> None:
    """Have DeepSpeed know the other processes; on a CPU nobody else tells it before a model is loaded."""
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    import_module("deepspeed").init_distributed(dist_backend=backend, auto_mpi_discovery=False)


class Order(Sampler):
    """The order of an epoch's records: as the trainer would draw it, whatever the number of processes.

    ``lengths``: tokens of each record; ``batch``: records an update. With
    ``filler``, the index of a record without loss, the last batch is filled up
    by it, so that each process has something to do; without it a trainer
    would take records from the epoch's beginning a second time. ``drawn``:
    whether the order is drawn (by length) or is the data's own.
    """

    def __init__(self, lengths: list[int], batch: int, filler: int | None, drawn: bool) -> None:
        self._drawn = LengthGroupedSampler(batch, lengths=lengths) if drawn else range(len(lengths))
        self._filling = [] if filler is None else [filler] * (-len(lengths) % batch)
        self._count = len(lengths)
        self.state: torch.Tensor | None = None  # of torch's generator, before the epoch's order was drawn
        self.restored: torch.Tensor | None = None

    def __len__(self) -> int:
        return self._count + len(self._filling)

    def __iter__(self) -> Iterator[int]:
        if self.restored is not None:
            torch.set_rng_state(self.restored)
            self.restored = None
        self.state = torch.get_rng_state()
        yield from [*self._drawn, *self._filling]


class _Repeatable(Trainer):
    """A trainer that goes through the data in the same order on any number of processes, and again after a kill.

    transformers draws each epoch's order from torch's generator, whose state
    at an epoch's beginning its checkpoints do not keep.
    """

    order: Order | None = None
    restored: torch.Tensor | None = None

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Order:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        lengths, processes = [len(ids) for ids in dataset["input_ids"]], self.args.world_size
        if processes > 1:
            lengths.pop()
        self.order = Order(
            lengths,
            self.args.train_batch_size * self.args.gradient_accumulation_steps * processes,
            len(lengths) if processes > 1 else None,
            drawn=self.args.train_sampling_strategy == "group_by_length",
        )
        self.order.restored = self.restored
        return self.order

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        if self.args.should_save and self.order is not None:
            torch.save(self.order.state, Path(output_dir, ORDER_STATE))

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        if state_dict is not None and self.model.config.get_text_config().tie_word_embeddings:
            # DeepSpeed hands over copies, among which transformers no longer sees what is tied.
            tied = self.model._tied_weights_keys or ()
            state_dict = {name: weight for name, weight in state_dict.items() if name not in tied}
        super()._save(output_dir, state_dict)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """A checkpoint needs none."""

    def add_filler(self) -> None:
        """Append a record without loss, for the last batch of an epoch where there are several processes."""
        if self.args.world_size > 1:
            first = self.train_dataset[0]
            kept = {name: value[:2] for name, value in first.items() if name in ("input_ids", "attention_mask")}
            extra = {**kept, "labels": [IGNORED, IGNORED]}
            if "seq_lengths" in first:
                extra["seq_lengths"] = [2]
            named = [name for name in self.train_dataset.column_names if name in extra]
            dataset = self.train_dataset.select_columns(named)
            filler = Dataset.from_list([{name: extra[name] for name in named}], features=dataset.features)
            self.train_dataset = concatenate_datasets([dataset, filler])

    def continue_from(self, checkpoint: Path | None, records: int, batch: int) -> None:
        """Draw the order of the epoch that a checkpoint was made in as it was drawn then."""
        if checkpoint is None:
            return
        step = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))["global_step"]
        if step % -(-records // batch):  # a checkpoint at an epoch's end holds the state that the next begins with
            self.restored = torch.load(checkpoint / ORDER_STATE, weights_only=True)


class FineTuner(_Repeatable, SFTTrainer):
    """TRL's trainer, repeatable."""


class PreTrainer(_Repeatable):
    """The trainer of transformers, repeatable."""


class Progress(TrainerCallback):
    """Logs how far training is, in lines that suit a log file, the last step's included."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """The last step is logged whatever its number."""
        control.should_log = control.should_log or state.global_step == state.max_steps
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Called by the trainer every few steps."""
        if logs and "loss" in logs and state.is_world_process_zero:
            print(f"step {state.global_step}/{state.max_steps} loss {float(logs['loss']):.4f}", flush=True)


def _agree(value: Any) -> Any:
    """What the first process says."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value
    said = [value]
    torch.distributed.broadcast_object_list(said, src=0)
    return said[0]


class Checkpoints(TrainerCallback):
    """Makes checkpoints every ``steps`` updates and every ``minutes``, each marked when it is whole.

    Used as a context manager around a training, whose folder it holds.
    """

    def __init__(self, folder: Path, identity: str, group: Group, steps: int | None, minutes: float | None) -> None:
        self._folder, self._identity, self._group = folder, identity, group
        self._steps, self._minutes = steps, minutes
        self._last = time.monotonic()

    def __enter__(self) -> "Checkpoints":
        self._held = hold(self._folder) if self._group.first else nullcontext()
        self._held.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._held.__exit__(*error)

    def find(self) -> Path | None:
        """Where to continue from, the same for all processes."""
        found = _agree(find_last(self._folder, self._identity) if self._group.first else None)
        if found and self._group.first:
            print(f"continues from {found}", flush=True)
        return found

    def _due(self, step: int) -> bool:
        if self._steps and step % self._steps == 0:
            return True
        return bool(self._minutes) and _agree(time.monotonic() - self._last >= 60 * self._minutes)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Asks for a checkpoint where one is due, and for the loss up to it, which it would not keep."""
        if state.global_step < state.max_steps and self._due(state.global_step):
            control.should_save = control.should_log = True
        return control

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Marks the checkpoint once all processes have written their parts."""
        if self._group.size > 1:
            torch.distributed.barrier()
        if self._group.first:
            mark_whole(self._folder / f"checkpoint-{state.global_step}", self._identity)
        self._last = time.monotonic()
