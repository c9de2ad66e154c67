"""Records -> model: supervised fine-tuning by TRL, from a base or from nothing, in one process or in many."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.metadata import version
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
)
from transformers.trainer_pt_utils import get_model_param_count
from trl import SFTConfig

from refinement.records.digest import code_digest
from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, read_json
from refinement.records.randomness import keyed
from refinement.records.record_types import Record
from refinement.training.checkpoints import checkpoints_of, describe_start, discard, identify, step_of
from refinement.training.distributed import Group, die_with_parent, find_group, split_batch
from refinement.training.throughput import Shape, measure
from refinement.training.trainers import Checkpoints, FineTuner, PreTrainer, Progress, admit_deepspeed, join_deepspeed

GENERATION_MARKER = "{% generation %}"


class Settings(NamedTuple):
    """How a model is trained (RefineCoder, section 4.4, and what it does not publish).

    ``epochs``; ``batch_size``: records an update, of all processes together
    (packed rows where there are such); ``learning_rate``: the peak
    of a cosine schedule that falls to ``min_lr_ratio`` of it after
    ``warmup_ratio`` of the updates; ``weight_decay``, ``adam_beta1``,
    ``adam_beta2`` of AdamW; ``max_grad_norm``; ``max_length``: tokens, at which
    ``over_long`` records are refused, dropped or, where ``packing`` is
    "bfd_split", split; ``micro_batch``: records in one pass of one process, or
    None for all; ``precision``: "float32" or "bfloat16";
    ``gradient_checkpointing``; ``seed``; ``attention``: transformers' name of
    an implementation, or None for its own choice; ``deepspeed``: a JSON file
    of DeepSpeed's settings, or None; ``checkpoint_steps``: updates and
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
    """Settings from what a step's command line gives. Raises BadInput for a key that is unknown or missing."""
    if not isinstance(given, dict):
        raise BadInput("--settings: must be a JSON object; docs/config.md lists the keys of training")
    needed = [name for name in Settings._fields if name not in Settings._field_defaults]
    for names, what in ((set(given) - set(Settings._fields), "unknown"), (set(needed) - set(given), "missing")):
        if names:
            raise BadInput(f"--settings: the key '{min(names)}' is {what}; docs/config.md lists the keys of training")
    return Settings(**given)


@contextmanager
def join_processes(threads: int) -> Iterator[Group]:
    """Compute with so many CPU threads (more may change a result's last bits), as one of the processes of a group.

    At the end all wait for the last one and close their connections: a process
    that leaves while their threads still run may be aborted after its work is
    done, and torchrun would call the whole training failed.
    """
    torch.set_num_threads(threads)
    group = find_group()
    if group.size > 1:
        die_with_parent()
    yield group
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _share_models(settings: Settings | None) -> SFTConfig | None:
    """Under ZeRO 3, have models loaded in shares, one a process, for as long as what is returned is kept.

    Without this each process would hold the whole model in memory first.
    """
    if settings is None or settings.deepspeed is None:
        return None
    arguments = _arguments(settings, Path("unused"))
    join_deepspeed()
    return arguments


def load_student(
    path: str,
    chat_template: str | None = None,
    eos_token: str | None = None,
    pad_token: str | None = None,
    settings: Settings | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, in float32, and its tokenizer from a folder or the hub.

    Many bases pad with their end token, or end a chat's turn by another one
    than a text; ``eos_token`` and ``pad_token`` say which are right. With
    ``settings`` it is loaded for a training: with its attention, and under
    ZeRO 3 only this process's share. Raises BadInput if the model is not there,
    if the chat template does not mark what the assistant says, or if the two
    tokens are the same.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        shared = _share_models(settings)
        chosen = {"attn_implementation": settings.attention} if settings and settings.attention else {}
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, **chosen)
        del shared
    except (OSError, ValueError, ImportError) as error:
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
    settings refuse them. Where packing splits them, all fit.
    """
    if settings.over_long == "split":
        if settings.packing != "bfd_split":
            raise BadInput("training.over_long: only training.packing bfd_split can split; set it, or refuse or drop")
        return list(records), []
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
    group, gpu = find_group(), torch.cuda.is_available()
    micro, passes = split_batch(settings.batch_size, settings.micro_batch, group.size)
    admit_deepspeed(settings.deepspeed)
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


@contextmanager
def _written_once(output: Path) -> Iterator[Path]:
    """Folder that the first process writes the model to; the others have their say in it and write nothing.

    Raises BadInput where a folder of other things would be replaced.
    """
    if output.is_dir() and any(output.iterdir()) and not (output / "config.json").is_file():
        raise BadInput(f"{output}: is a folder of other things than a model; name another")
    with atomic_write(output, folder=True) if find_group().first else nullcontext(output) as folder:
        yield folder


def _identify(settings: Settings, *data: Any) -> str:
    """Digest of all that the weights follow from; how often checkpoints are made is not part of it."""
    kept = {name: value for name, value in settings._asdict().items() if not name.startswith("checkpoint_")}
    deepspeed = [read_json(settings.deepspeed), version("deepspeed")] if settings.deepspeed else None
    versions = [version(name) for name in ("torch", "transformers", "trl")]
    processes = [find_group().size, torch.get_num_threads()]
    return identify(kept, deepspeed, versions, processes, code_digest("refinement.training.sft"), *data)


def _measured(
    trainer: Trainer, model: PreTrainedModel, lengths: Sequence[int], share: float, seconds: float, precision: str
) -> dict[str, Any]:
    """Throughput of ``seconds`` in which ``share`` of the training was done, of texts of these ``lengths``."""
    sizes = model.config.get_text_config()
    width = sizes.num_attention_heads * (
        getattr(sizes, "head_dim", None) or sizes.hidden_size // sizes.num_attention_heads
    )
    unused = 0 if sizes.tie_word_embeddings else sizes.vocab_size * sizes.hidden_size
    shape = Shape(get_model_param_count(model) - unused, sizes.num_hidden_layers, width)
    tokens = round(sum(lengths) * trainer.args.num_train_epochs * share)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    mean = sum(size * size for size in lengths) / max(sum(lengths), 1)  # length of the text that a token stands in
    return measure(tokens, seconds, shape, mean, device, precision, find_group().size)


def _mean_loss(losses: Sequence[dict[str, Any]]) -> float | None:
    """Mean over all updates, each entry being the mean since the one before."""
    steps = [0, *(entry["step"] for entry in losses)]
    total = sum(entry["loss"] * (step - before) for entry, before, step in zip(losses, steps, steps[1:], strict=False))
    return total / steps[-1] if losses else None


def _run(
    trainer: FineTuner | PreTrainer, folder: Path, keeper: Checkpoints | None, settings: Settings
) -> dict[str, Any]:
    """Train, from the last checkpoint where there is one, and save; the log."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Progress())
    found, dataset = None, trainer.train_dataset
    if keeper:
        trainer.add_callback(keeper)
        found = keeper.find()
        trainer.continue_from(found, len(dataset), settings.batch_size)
    texts = (
        dataset["seq_lengths"]
        if "seq_lengths" in dataset.column_names
        else [[len(ids)] for ids in dataset["input_ids"]]
    )
    trainer.add_filler()
    result = trainer.train(resume_from_checkpoint=str(found) if found else None)
    trainer.save_model(str(folder))
    (folder / "training_args.bin").unlink(missing_ok=True)
    losses = [
        {"step": entry["step"], "loss": float(entry["loss"])} for entry in trainer.state.log_history if "loss" in entry
    ]
    done = result.global_step - (step_of(found) if found else 0)
    lengths = [length for row in texts for length in row]
    return {
        "steps": result.global_step,
        "train_loss": _mean_loss(losses),
        "losses": losses,
        "throughput": _measured(
            trainer, trainer.model, lengths, done / max(result.global_step, 1), result.metrics["train_runtime"],
            settings.precision,
        ),
    }  # fmt: skip


def _train(
    build: Callable[[Path], FineTuner | PreTrainer],
    settings: Settings,
    output: Path,
    identity: Callable[[], str],
    record: Callable[[dict[str, Any]], None],
) -> None:
    """Train what ``build`` makes of a folder, with checkpoints where the settings ask for them."""
    kept, group = checkpoints_of(output), find_group()
    keeper = None
    if settings.checkpoint_steps or settings.checkpoint_minutes:
        keeper = Checkpoints(kept, identity(), group, settings.checkpoint_steps, settings.checkpoint_minutes)
    with keeper or nullcontext():
        with _written_once(output) as folder:
            log = _run(build(kept if keeper else folder), folder, keeper, settings)
        if group.first:
            record(log)
            if keeper:  # last of all: a run that is killed before this continues from them
                discard(kept)


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    records: Sequence[Record],
    settings: Settings,
    output: Path,
    loss: Literal["all", "last"],
    record: Callable[[dict[str, Any]], None],
    start: str = "",
) -> None:
    """Train ``model`` on records of D_t by TRL and save it with its tokenizer under ``output``.

    ``loss``: on which assistant turns; ``record``: what the first process does
    with the log (loss by step and in the mean, throughput) before checkpoints
    are removed; ``start``: where the model is from, for checkpoints to be known
    by. Raises RuntimeError if the trainer lost a record or a token.
    """
    examples = [to_example(record, loss) for record in records]

    def build(folder: Path) -> FineTuner:
        trainer = FineTuner(
            model=model,
            args=_arguments(
                settings,
                folder,
                train_sampling_strategy="group_by_length",
                assistant_only_loss=loss == "all",
                packing=settings.packing != "none",
                packing_strategy="bfd_split",
            ),
            train_dataset=Dataset.from_list(examples),
            processing_class=tokenizer,
        )
        _check_nothing_lost(trainer.train_dataset, records, tokenizer, settings)
        return trainer

    special = [tokenizer.chat_template, tokenizer.eos_token, tokenizer.pad_token]
    identity = partial(_identify, settings, describe_start(start), loss, special, examples)
    _train(build, settings, output, identity, record)


def _check_nothing_lost(
    dataset: Dataset, records: Sequence[Record], tokenizer: PreTrainedTokenizerBase, settings: Settings
) -> None:
    if settings.packing == "none":
        if len(dataset) != len(records):
            raise RuntimeError(f"the trainer kept {len(dataset)} of {len(records)} records")
        return
    given = sum(map(len, tokenizer.apply_chat_template([record["messages"] for record in records])["input_ids"]))
    kept = sum(map(len, dataset["input_ids"]))
    if kept != given:
        raise RuntimeError(f"the trainer kept {kept} of {given} tokens")


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
    record: Callable[[dict[str, Any]], None],
) -> None:
    """Train an untrained model on examples with ``input_ids`` and ``labels``; ``record`` as in :func:`fine_tune`."""
    ordered = arrange_by_length(examples, settings.batch_size, settings.seed)

    def build(folder: Path) -> PreTrainer:
        return PreTrainer(
            model=model,
            args=_arguments(settings, folder, train_sampling_strategy="sequential"),
            train_dataset=Dataset.from_list(ordered),
            data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
            processing_class=tokenizer,
        )

    _train(build, settings, output, partial(_identify, settings, ordered), record)
