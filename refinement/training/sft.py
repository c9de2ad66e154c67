"""Supervised fine-tuning and pre-training with TRL and transformers, on one process or several."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

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
from refinement.training.checkpoints import (
    checkpoint_folder,
    checkpoint_step,
    describe_initial_model,
    identify,
    remove_checkpoints,
)
from refinement.training.distributed import Group, die_with_parent, find_group
from refinement.training.settings import Settings, trainer_arguments
from refinement.training.throughput import ModelShape, measure_throughput
from refinement.training.trainers import CheckpointCallback, FineTuner, PreTrainer, ProgressCallback, init_deepspeed

GENERATION_MARKER = "{% generation %}"


@contextmanager
def join_process_group(threads: int) -> Iterator[Group]:
    """Set the number of CPU threads and yield this process's place among the processes that train together.

    More threads may change the last bits of a result. On leaving, every process waits
    for the last one and closes its connections: if a process exits while connections
    are still in use, it may be aborted after its work is done, and torchrun would
    report a failed training.
    """
    torch.set_num_threads(threads)
    group = find_group()
    if group.size > 1:
        die_with_parent()
    yield group
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _load_sharded(settings: Settings | None) -> SFTConfig | None:
    """With DeepSpeed ZeRO 3, make models load in shards, one per process, while the returned value is alive.

    Otherwise each process would first load the whole model into memory.
    """
    if settings is None or settings.deepspeed is None:
        return None
    arguments = trainer_arguments(settings, Path("unused"))
    init_deepspeed()
    return arguments


def load_student(
    path: str,
    chat_template: str | None = None,
    eos_token: str | None = None,
    pad_token: str | None = None,
    settings: Settings | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a model in float32, and its tokenizer, from a folder or the hub.

    ``chat_template``: a file that replaces the model's chat template.
    ``eos_token``: the token that ends a chat turn; many base models define only the one
        that ends a text.
    ``pad_token``: the padding token; many base models use the end token.
    ``settings``: load the model for training, with their attention implementation and,
        with ZeRO 3, only this process's shard.

    Raises BadInput if the model cannot be loaded, if the chat template does not mark
    the assistant's tokens, or if the padding token is missing or equals the end token.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        shared = _load_sharded(settings)
        chosen = {"attn_implementation": settings.attention} if settings and settings.attention else {}
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, **chosen)
        del shared
    except (OSError, ValueError, ImportError) as error:
        raise BadInput(
            f"model {path}: cannot be loaded ({str(error).splitlines()[0]}); name a folder or a model on the hub"
        ) from None
    if chat_template:
        tokenizer.chat_template = Path(chat_template).read_text(encoding="utf-8")
    tokenizer.eos_token = eos_token or tokenizer.eos_token
    tokenizer.pad_token = pad_token or tokenizer.pad_token
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    if GENERATION_MARKER not in (tokenizer.chat_template or ""):
        raise BadInput(
            f"model {path}: its chat template lacks {GENERATION_MARKER}; give the student a chat_template that has it"
        )
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise BadInput(
            f"model {path}: its pad token must differ from its eos token, or it never learns to stop; set pad_token"
        )
    return model, tokenizer


def to_example(record: Record, loss: str) -> dict[str, Any]:
    """Convert a record of D_t to TRL's format, with loss on ``all`` assistant turns or the ``last`` one."""
    messages = record["messages"]
    if loss == "all":
        return {"messages": messages}
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def split_over_long(
    records: Sequence[Record], tokenizer: PreTrainedTokenizerBase, settings: Settings
) -> tuple[list[Record], list[Record]]:
    """Separate the records that fit into ``max_length`` tokens from those that do not.

    TRL would drop or truncate the latter silently. If packing splits long records, all
    of them fit.

    Raises BadInput if there are long records and the settings refuse them.
    """
    if settings.over_long == "split":
        if settings.packing != "bfd_split":
            raise BadInput(
                "training.over_long: split requires training.packing bfd_split; set it, or use refuse or drop"
            )
        return list(records), []
    encoded = tokenizer.apply_chat_template([record["messages"] for record in records])["input_ids"]
    fits = [len(ids) <= settings.max_length for ids in encoded]
    long = [record for record, fit in zip(records, fits, strict=True) if not fit]
    if long and settings.over_long == "refuse":
        raise BadInput(
            f"{len(long)} records exceed training.max_length {settings.max_length} tokens, first {long[0]['id']}; "
            "raise the limit, or set training.over_long to drop"
        )
    return [record for record, fit in zip(records, fits, strict=True) if fit], long


@contextmanager
def _output_folder(output: Path) -> Iterator[Path]:
    """The folder to write the model to; only the first process writes it, atomically.

    Raises BadInput if ``output`` is a folder that does not hold a model.
    """
    if output.is_dir() and any(output.iterdir()) and not (output / "config.json").is_file():
        raise BadInput(f"{output}: is a folder that holds no model; name another folder")
    with atomic_write(output, folder=True) if find_group().first else nullcontext(output) as folder:
        yield folder


def _training_identity(settings: Settings, *data: Any) -> str:
    """Digest of everything that determines the trained weights; the interval of checkpoints does not."""
    kept = {name: value for name, value in settings._asdict().items() if not name.startswith("checkpoint_")}
    deepspeed = [read_json(settings.deepspeed), version("deepspeed")] if settings.deepspeed else None
    versions = [version(name) for name in ("torch", "transformers", "trl")]
    processes = [find_group().size, torch.get_num_threads()]
    return identify(kept, deepspeed, versions, processes, code_digest("refinement.training.sft"), *data)


def _throughput(
    trainer: Trainer, model: PreTrainedModel, lengths: Sequence[int], share: float, seconds: float, precision: str
) -> dict[str, Any]:
    """Throughput of a training.

    ``lengths``: tokens of each text in the data.
    ``share``: the fraction of the training that took ``seconds``; the rest was done
        before a restart.
    """
    sizes = model.config.get_text_config()
    width = sizes.num_attention_heads * (
        getattr(sizes, "head_dim", None) or sizes.hidden_size // sizes.num_attention_heads
    )
    unused = 0 if sizes.tie_word_embeddings else sizes.vocab_size * sizes.hidden_size
    shape = ModelShape(get_model_param_count(model) - unused, sizes.num_hidden_layers, width)
    tokens = round(sum(lengths) * trainer.args.num_train_epochs * share)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    # The length of the text that a token is part of, averaged over tokens and not over texts.
    mean = sum(size * size for size in lengths) / max(sum(lengths), 1)
    return measure_throughput(tokens, seconds, shape, mean, device, precision, find_group().size)


def _mean_loss(losses: Sequence[dict[str, Any]]) -> float | None:
    """Mean loss over all updates; each log entry holds the mean since the entry before it."""
    steps = [0, *(entry["step"] for entry in losses)]
    total = sum(entry["loss"] * (step - before) for entry, before, step in zip(losses, steps, steps[1:], strict=False))
    return total / steps[-1] if losses else None


def _run_trainer(
    trainer: FineTuner | PreTrainer, folder: Path, keeper: CheckpointCallback | None, settings: Settings
) -> dict[str, Any]:
    """Train, from the latest checkpoint if there is one, and save the model; returns the log."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(ProgressCallback())
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
    done = result.global_step - (checkpoint_step(found) if found else 0)
    lengths = [length for row in texts for length in row]
    return {
        "steps": result.global_step,
        "train_loss": _mean_loss(losses),
        "losses": losses,
        "throughput": _throughput(
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
    """Train the trainer that ``build`` makes for a folder, with checkpoints if the settings ask for them."""
    kept, group = checkpoint_folder(output), find_group()
    keeper = None
    if settings.checkpoint_steps or settings.checkpoint_minutes:
        keeper = CheckpointCallback(kept, identity(), group, settings.checkpoint_steps, settings.checkpoint_minutes)
    with keeper or nullcontext():
        with _output_folder(output) as folder:
            log = _run_trainer(build(kept if keeper else folder), folder, keeper, settings)
        if group.first:
            record(log)
            if keeper:  # last: a training that is killed before this point resumes from them
                remove_checkpoints(kept)


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
    """Fine-tune ``model`` on records of D_t with TRL and save it with its tokenizer in ``output``.

    ``loss``: count the loss on "all" assistant turns or only on the "last" one.
    ``record``: called by the first process with the log (losses by step, their mean,
        throughput) before checkpoints are removed.
    ``start``: path or name of the initial model, which identifies the training's
        checkpoints.

    Raises RuntimeError if the trainer lost a record or a token.
    """
    examples = [to_example(record, loss) for record in records]

    def build(folder: Path) -> FineTuner:
        trainer = FineTuner(
            model=model,
            args=trainer_arguments(
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
        _check_complete(trainer.train_dataset, records, tokenizer, settings)
        return trainer

    special = [tokenizer.chat_template, tokenizer.eos_token, tokenizer.pad_token]
    identity = partial(_training_identity, settings, describe_initial_model(start), loss, special, examples)
    _train(build, settings, output, identity, record)


def _check_complete(
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
    """Shuffle examples such that those of one batch have similar lengths; the order of the batches is random."""
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
    """Train a new model on examples with ``input_ids`` and ``labels`` and save it in ``output``.

    ``record``: as in :func:`fine_tune`.
    """
    ordered = arrange_by_length(examples, settings.batch_size, settings.seed)

    def build(folder: Path) -> PreTrainer:
        return PreTrainer(
            model=model,
            args=trainer_arguments(settings, folder, train_sampling_strategy="sequential"),
            train_dataset=Dataset.from_list(ordered),
            data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
            processing_class=tokenizer,
        )

    _train(build, settings, output, partial(_training_identity, settings, ordered), record)
