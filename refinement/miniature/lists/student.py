"""The miniature's student: its tokenizer and its untrained model."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from refinement.miniature.lists.grammar import CALL, instruct, write_code
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.randomness import keyed

PAD, END, USER, ASSISTANT, UNKNOWN = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|unknown|>"
_PIECES = (r"\d", r"\n *", r", then | *# |: |\.")
_COMMENT = re.compile(r"^ *# [^\n]*\n *", re.MULTILINE)
_EXAMPLES = 2000


def _example_turns(seed: int) -> Iterator[str]:
    for index in range(_EXAMPLES):
        generator = keyed(seed, "tokenizer", index)
        specification = draw_specification(generator, generator.randint(1, 5))
        yield instruct(draw_wording(generator, specification))
        yield f"```python\n{write_code(specification, comments=index % 2 == 0)}\n{CALL}\n```"


def train_tokenizer(
    documents: Sequence[str], vocabulary: int, chat_template: Path, seed: int
) -> PreTrainedTokenizerBase:
    """Train a byte-pair tokenizer on printable ASCII, with merges across spaces.

    ``vocabulary``: maximum size.

    Digits, line breaks with their indentation, and separators of steps are never merged
    with other text. A phrase or a line of code thus becomes a few tokens, and answers
    are short.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    splits = [pre_tokenizers.Split(Regex(piece), "isolated") for piece in _PIECES]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, USER, ASSISTANT, UNKNOWN],
        initial_alphabet=[chr(code) for code in range(32, 127)] + ["\n"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([*documents[:3000], *_example_turns(seed)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        extra_special_tokens=[USER, ASSISTANT],
        chat_template=chat_template.read_text(encoding="utf-8").rstrip("\n"),
        clean_up_tokenization_spaces=False,
    )


def new_model(architecture: Mapping[str, float], tokenizer: PreTrainedTokenizerBase, seed: int) -> LlamaForCausalLM:
    """An untrained Llama model; ``architecture`` gives its sizes, rotary base and standard
    deviation of initial weights.
    """
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture["hidden"],
        intermediate_size=architecture["feed_forward"],
        num_hidden_layers=architecture["layers"],
        num_attention_heads=architecture["heads"],
        num_key_value_heads=architecture["key_value_heads"],
        max_position_embeddings=architecture["positions"],
        rope_parameters={"rope_type": "default", "rope_theta": architecture["rope_theta"]},
        initializer_range=architecture["initializer_range"],
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def encode_documents(documents: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """Documents as token ids and labels; comments on lines of their own do not count towards the loss.

    Comments are drawn at random. Learning to predict them would drown what the model
    should learn: which words correspond to which line of code.
    """
    encoded = tokenizer(list(documents), return_offsets_mapping=True)
    examples = []
    for text, ids, offsets in zip(documents, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        comments = [match.span() for match in _COMMENT.finditer(text)]
        labels = [
            -100 if any(start <= place < end for start, end in comments) else token
            for token, (place, _) in zip(ids, offsets, strict=True)
        ]
        end = tokenizer.eos_token_id
        examples.append({"input_ids": [*ids, end], "labels": [*labels, end]})
    return examples
