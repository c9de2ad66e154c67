"""Throughput of fine-tuning a randomly initialised model, with packing and without, by the workflow's own step.

On a GPU:   python tests/speed/measure_training.py --shape 1.5b --attention flash_attention_2
On a CPU:   python tests/speed/measure_training.py --shape tiny

Prints a table of tokens a second (padding left out) and MFU. Lengths of the records are drawn from a log-normal
distribution, median 450 tokens and never longer than a row, much like instruction data. The weights are of the shape
that is asked for and mean nothing; everything else, data loading and saving of the model left out, is what training
does. Each measurement takes --updates updates.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from refinement.methods.acr.record_types import DATASET
from refinement.methods.acr.refining import single_turn
from refinement.miniature.lists.corpus import compose_documents
from refinement.miniature.lists.student import train_tokenizer
from refinement.records.files import write_records
from refinement.records.randomness import keyed

ROOT = Path(__file__).parents[2]

# Qwen2.5-Coder's own sizes (config.json of Qwen/Qwen2.5-Coder-0.5B and -1.5B).
SHAPES = {
    "tiny": {"vocab_size": 768, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096},
    "0.5b": {"vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768},
    "1.5b": {"vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
             "num_attention_heads": 12, "num_key_value_heads": 2, "max_position_embeddings": 32768},
}  # fmt: skip
MEDIAN, SPREAD = 450, 0.7  # tokens, and standard deviation of their logarithm


def arguments(argv):
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shape", choices=SHAPES, default="1.5b")
    options.add_argument("--max-length", type=int, default=2048, help="tokens of a row")
    options.add_argument("--batch-size", type=int, default=64, help="records (rows, where packed) an update")
    options.add_argument("--micro-batch", type=int, default=4, help="of one pass of one device")
    options.add_argument("--updates", type=int, default=30)
    options.add_argument("--devices", type=int, default=1, help="processes, one a GPU")
    options.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    options.add_argument("--attention", help="such as flash_attention_2; transformers' choice where left out")
    options.add_argument("--deepspeed", help="such as config/deepspeed/zero2.json")
    options.add_argument("--no-gradient-checkpointing", action="store_true")
    options.add_argument("--folder", help="where the model and the data go; a temporary one where left out")
    return options.parse_args(argv)


def make_base(folder, shape):
    """A random model of a shape, with the miniature's tokenizer."""
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    documents = list(compose_documents(400, {1: 1, 2: 1}, 0.3, 0))
    tokenizer = train_tokenizer(documents, 768, ROOT / "config/chat_templates/miniature.jinja", 0)
    torch.manual_seed(0)
    special = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    Qwen2ForCausalLM(Qwen2Config(**SHAPES[shape], tie_word_embeddings=True, **special)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # Read as a Qwen2 model's it is another class, which splits texts differently.
    return AutoTokenizer.from_pretrained(folder)


def make_dataset(path, tokenizer, count, longest):
    """Records of the lengths that were said above; returns their tokens in the mean."""
    generator, lines = keyed(0, "speed"), list(compose_documents(400, {2: 1, 3: 1}, 0.3, 1))
    ids = tokenizer("\n".join(lines))["input_ids"]
    records, total = [], 0
    for n in range(count):
        length = min(int(MEDIAN * generator.lognormvariate(0, SPREAD)), longest - 40)
        first = generator.randrange(max(len(ids) - length, 1))
        text = tokenizer.decode(ids[first : first + length]).strip()
        records.append(single_turn({"id": str(n), "instruction": "Go on."}, text, "initial", "teacher"))
        total += length
    write_records(path, records, DATASET)
    return total / count


def measure(folder, options, packing, mean):
    """One training of the step itself; what its log says of throughput."""
    rows = options.batch_size * options.updates
    records = int(rows * options.max_length / mean * 0.95) if packing == "bfd_split" else rows
    lines = (folder / "dataset.jsonl").read_text().splitlines()[:records]
    (folder / f"{packing}.jsonl").write_text("\n".join(lines) + "\n")
    settings = {
        "epochs": 1, "batch_size": options.batch_size, "learning_rate": 1e-5, "min_lr_ratio": 0.0, "warmup_ratio": 0.1,
        "weight_decay": 0.0, "adam_beta1": 0.9, "adam_beta2": 0.999, "max_grad_norm": 1.0,
        "max_length": options.max_length, "over_long": "drop", "packing": packing, "micro_batch": options.micro_batch,
        "precision": options.precision, "gradient_checkpointing": not options.no_gradient_checkpointing,
        "attention": options.attention, "deepspeed": options.deepspeed, "seed": 1,
    }  # fmt: skip
    several = options.devices > 1 or options.deepspeed
    start = ["scripts/engines/launch_processes.py", "--devices", str(options.devices), "--"] if several else []
    named = {kind: folder / f"{packing}.{kind}" for kind in ("output", "log", "counts", "rejected")}
    command = [sys.executable, *start, "scripts/engines/train_model.py", folder / f"{packing}.jsonl", "--loss=all"]
    command += [f"--start={folder / 'base'}", f"--settings={json.dumps(settings)}", "--threads=1"]
    subprocess.run([*command, *(f"--{kind}={path}" for kind, path in named.items())], cwd=ROOT, check=True)
    return json.loads(named["log"].read_text())["throughput"]


def main(argv=None):
    options = arguments(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = make_base(folder / "base", options.shape)
        most = int(options.batch_size * options.updates * options.max_length / MEDIAN) + 1
        mean = make_dataset(folder / "dataset.jsonl", tokenizer, most, options.max_length)
        found = {packing: measure(folder, options, packing, mean) for packing in ("none", "bfd_split")}
    print("| packing | tokens | seconds | tokens/s | MFU (%) | processes | device |\n|---|---|---|---|---|---|---|")
    for packing, row in found.items():
        share = "unknown" if row["mfu"] is None else f"{100 * row['mfu']:.1f}"
        print(
            f"| {packing} | {row['tokens']} | {row['seconds']} | {row['tokens_per_second']} | {share} |"
            f" {row['processes']} | {row['device']} |"
        )
    return found


if __name__ == "__main__":
    main()
