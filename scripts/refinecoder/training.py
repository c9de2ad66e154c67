"""Records -> model: supervised fine-tuning by TRL, from a base or from nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from datasets import Dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
)
from trl import SFTConfig, SFTTrainer

from refinecoder.randomness import keyed
from refinecoder.records import BadInput, Record, whole

GENERATION_MARKER = "{% generation %}"


class Settings(NamedTuple):
    """How a model is trained (RefineCoder, section 4.4, and what it does not publish).

    ``epochs``; ``batch_size``: records an update; ``learning_rate``: the peak
    of a cosine schedule that falls to ``min_lr_ratio`` of it after
    ``warmup_ratio`` of the updates; ``weight_decay``, ``adam_beta1``,
    ``adam_beta2`` of AdamW; ``max_grad_norm``; ``max_length``: tokens, at which
    ``over_long`` records are refused or dropped; ``micro_batch``: records in one
    pass, or None for all; ``precision``: "float32" or "bfloat16";
    ``gradient_checkpointing``; ``seed``.
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
    over_long: Literal["refuse", "drop"]
    micro_batch: int | None
    precision: Literal["float32", "bfloat16"]
    gradient_checkpointing: bool
    seed: int


class Progress(TrainerCallback):
    """Logs how far training is, in lines that suit a log file."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Called by the trainer every few steps."""
        if logs and "loss" in logs:
            print(f"step {state.global_step}/{state.max_steps} loss {float(logs['loss']):.4f}", flush=True)


def use_threads(count: int) -> None:
    """Compute with ``count`` CPU threads: more of them may change the last bits of a result."""
    torch.set_num_threads(count)


def load_student(
    path: str, chat_template: str | None = None, eos_token: str | None = None, pad_token: str | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, in float32, and its tokenizer from a folder or the hub.

    Many bases pad with their end token, or end a chat's turn by another one
    than a text; ``eos_token`` and ``pad_token`` say which are right. Raises
    BadInput if the model is not there, if the chat template does not mark what
    the assistant says, or if the two tokens are the same.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"model {path}: cannot be loaded ({str(error).splitlines()[0]}); name a folder or a model of the hub"
        ) from None
    if chat_template:
        tokenizer.chat_template = Path(chat_template).read_text(encoding="utf-8")
    tokenizer.eos_token = eos_token or tokenizer.eos_token
    tokenizer.pad_token = pad_token or tokenizer.pad_token
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    if GENERATION_MARKER not in (tokenizer.chat_template or ""):
        raise BadInput(
            f"model {path}: its chat template lacks {GENERATION_MARKER}; give the student a chat_template with it"
        )
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise BadInput(
            f"model {path}: its pad token must be set and differ from eos, or it never learns to stop; set pad_token"
        )
    return model, tokenizer


def to_example(record: Record, loss: str) -> dict[str, Any]:
    """A record of D_t as TRL wants it: loss on ``all`` assistant turns or the ``last``."""
    messages = record["messages"]
    if loss == "all":
        return {"messages": messages}
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def split_over_long(
    records: Sequence[Record], tokenizer: PreTrainedTokenizerBase, settings: Settings
) -> tuple[list[Record], list[Record]]:
    """Records that fit into ``max_length`` tokens, and those that do not.

    TRL would drop or cut the latter without a word. Raises BadInput where the
    settings refuse them.
    """
    encoded = tokenizer.apply_chat_template([record["messages"] for record in records])["input_ids"]
    fits = [len(ids) <= settings.max_length for ids in encoded]
    long = [record for record, fit in zip(records, fits, strict=True) if not fit]
    if long and settings.over_long == "refuse":
        raise BadInput(
            f"{len(long)} records exceed training.max_length {settings.max_length} tokens, first {long[0]['id']}; "
            "raise it, or set training.over_long to drop"
        )
    return [record for record, fit in zip(records, fits, strict=True) if fit], long


def _arguments(settings: Settings, folder: Path, **special: Any) -> SFTConfig:
    micro = settings.micro_batch or settings.batch_size
    if settings.batch_size % micro:
        raise BadInput(f"training.micro_batch {micro} does not divide batch_size {settings.batch_size}")
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=settings.batch_size // micro,
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
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        logging_steps=25,
        disable_tqdm=True,
        report_to="none",
        save_strategy="no",
        **special,
    )


def _run(trainer: Trainer, folder: Path) -> dict[str, Any]:
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Progress())
    result = trainer.train()
    trainer.save_model(str(folder))
    (folder / "training_args.bin").unlink(missing_ok=True)
    losses = [
        {"step": entry["step"], "loss": float(entry["loss"])} for entry in trainer.state.log_history if "loss" in entry
    ]
    return {"steps": result.global_step, "train_loss": result.training_loss, "losses": losses}


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    records: Sequence[Record],
    settings: Settings,
    output: Path,
    loss: Literal["all", "last"],
) -> dict[str, Any]:
    """Train ``model`` on records of D_t by TRL and save it with its tokenizer under ``output``.

    ``loss``: on which assistant turns. Returns the log: loss by step and in
    the mean. Raises RuntimeError if the trainer lost a record.
    """
    with whole(output) as folder:
        trainer = SFTTrainer(
            model=model,
            args=_arguments(
                settings, folder, train_sampling_strategy="group_by_length", assistant_only_loss=loss == "all"
            ),
            train_dataset=Dataset.from_list([to_example(record, loss) for record in records]),
            processing_class=tokenizer,
        )
        if len(trainer.train_dataset) != len(records):
            raise RuntimeError(f"the trainer kept {len(trainer.train_dataset)} of {len(records)} records")
        return _run(trainer, folder)


def arrange_by_length(examples: Sequence[dict[str, Any]], batch: int, seed: int) -> list[dict[str, Any]]:
    """The examples in an order in which each batch has much the same length, batches at random."""
    generator = keyed(seed, "order")
    order = list(examples)
    generator.shuffle(order)
    span = batch * 25
    chunks = (sorted(order[i : i + span], key=lambda e: len(e["input_ids"])) for i in range(0, len(order), span))
    batches = [chunk[i : i + batch] for chunk in chunks for i in range(0, len(chunk), batch)]
    last = batches.pop()
    generator.shuffle(batches)
    return [example for group in (*batches, last) for example in group]


def pretrain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[dict[str, Any]],
    settings: Settings,
    output: Path,
) -> dict[str, Any]:
    """Train an untrained model on examples that bring ``input_ids`` and ``labels``.

    Returns the log as :func:`fine_tune` does.
    """
    with whole(output) as folder:
        trainer = Trainer(
            model=model,
            args=_arguments(settings, folder, train_sampling_strategy="sequential"),
            train_dataset=Dataset.from_list(arrange_by_length(examples, settings.batch_size, settings.seed)),
            data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
            processing_class=tokenizer,
        )
        return _run(trainer, folder)
