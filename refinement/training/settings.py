"""Training settings: their keys, and the arguments of TRL's trainer that they become."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from trl import SFTConfig

from refinement.records.errors import BadInput
from refinement.training.distributed import find_group, split_batch
from refinement.training.trainers import expose_deepspeed


class Settings(NamedTuple):
    """How a model is trained (RefineCoder, section 4.4, and choices that the paper does not publish).

    ``epochs``: passes over the data.
    ``batch_size``: records (packed rows, if ``packing``) per update, over all
        processes.
    ``learning_rate``: the peak of a cosine schedule.
    ``min_lr_ratio``: the final learning rate as a fraction of the peak.
    ``warmup_ratio``: the fraction of updates for linear warm-up.
    ``weight_decay``: AdamW's, as are ``adam_beta1`` and ``adam_beta2``.
    ``max_grad_norm``: the norm to which gradients are clipped.
    ``max_length``: maximum length of a record in tokens.
    ``over_long``: what happens to longer records: "refuse", "drop" or, with
        ``packing``, "split".
    ``micro_batch``: records per forward pass of one process; None means its whole share
        of the batch.
    ``precision``: "float32" or "bfloat16".
    ``gradient_checkpointing``: recompute activations to save memory.
    ``seed``: random seed.
    ``packing``: "bfd_split" packs several records into a row of ``max_length`` tokens.
    ``attention``: the attention implementation, as transformers names it; None lets
        transformers choose.
    ``deepspeed``: path of a DeepSpeed configuration in JSON, or None.
    ``checkpoint_steps``: updates between two checkpoints, or None.
    ``checkpoint_minutes``: minutes between two checkpoints, or None.
    """

    epochs: float
    batch_size: int
    learning_rate: float
    min_lr_ratio: float
    warmup_ratio: float
    weight_decay: float
    adam_beta1: float
    adam_beta2: float
    max_grad_norm: float
    max_length: int
    over_long: Literal["refuse", "drop", "split"]
    micro_batch: int | None
    precision: Literal["float32", "bfloat16"]
    gradient_checkpointing: bool
    seed: int
    packing: Literal["none", "bfd_split"] = "none"
    attention: str | None = None
    deepspeed: str | None = None
    checkpoint_steps: int | None = None
    checkpoint_minutes: float | None = None


def read_settings(given: Any) -> Settings:
    """Read the settings that a step's command line gives as JSON. Raises BadInput for an unknown or missing key."""
    if not isinstance(given, dict):
        raise BadInput("--settings: must be a JSON object; docs/config.md lists the keys of training")
    needed = [name for name in Settings._fields if name not in Settings._field_defaults]
    for names, what in ((set(given) - set(Settings._fields), "unknown"), (set(needed) - set(given), "missing")):
        if names:
            raise BadInput(f"--settings: the key '{min(names)}' is {what}; docs/config.md lists the keys of training")
    return Settings(**given)


def trainer_arguments(settings: Settings, folder: Path, **special: Any) -> SFTConfig:
    """The arguments of TRL's trainer for these settings; ``special`` adds to them.

    ``folder``: where the trainer writes checkpoints.

    Raises BadInput if the batch does not divide evenly, or DeepSpeed is missing.
    """
    group, gpu = find_group(), torch.cuda.is_available()
    micro, passes = split_batch(settings.batch_size, settings.micro_batch, group.size)
    expose_deepspeed(settings.deepspeed)
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=passes,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": settings.min_lr_ratio},
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        adam_beta1=settings.adam_beta1,
        adam_beta2=settings.adam_beta2,
        max_grad_norm=settings.max_grad_norm,
        max_length=settings.max_length,
        bf16=settings.precision == "bfloat16",
        activation_checkpointing=settings.gradient_checkpointing,
        seed=settings.seed,
        data_seed=settings.seed,
        use_cpu=not gpu,
        ddp_backend=None if gpu or group.size == 1 else "gloo",
        ddp_find_unused_parameters=False,
        deepspeed=settings.deepspeed,
        dataloader_pin_memory=gpu,
        logging_steps=0.01,
        disable_tqdm=True,
        report_to="none",
        save_strategy="no",
        **special,
    )
