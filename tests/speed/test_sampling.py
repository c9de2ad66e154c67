"""Throughput of the in-process backend beside what it replaces, in one run; absolute figures are printed only."""

import time
from pathlib import Path

import pytest
import torch

from refinement.completion.backends.transformers import backend
from refinement.completion.requests import ask
from refinement.miniature.lists.corpus import compose_documents
from refinement.miniature.lists.grammar import instruct
from refinement.miniature.lists.student import new_model, train_tokenizer
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.randomness import keyed

pytestmark = pytest.mark.speed
ARCHITECTURE = {
    "vocabulary": 768, "hidden": 128, "feed_forward": 384, "layers": 2, "heads": 8, "key_value_heads": 4,
    "positions": 512, "rope_theta": 100, "initializer_range": 0.06,
}  # fmt: skip
PROMPTS, SAMPLES, TOKENS = 120, 7, 32


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """A random model of the miniature's size, and its tokenizer."""
    torch.set_num_threads(1)
    documents = list(compose_documents(2000, {1: 1, 2: 1, 3: 1}, 0.5, 0))
    tokenizer = train_tokenizer(documents, 768, Path("config/chat_templates/miniature.jinja"), 0)
    model = new_model(ARCHITECTURE, tokenizer, 0).eval()
    folder = tmp_path_factory.mktemp("student") / "model"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder), model, tokenizer


def prompts():
    drawn = (draw_specification(keyed("speed", n), 1 + n % 4) for n in range(PROMPTS))
    return [instruct(draw_wording(keyed("speed", n), specification)) for n, specification in enumerate(drawn)]


def sample(folder):
    """Seconds to sample by the backend."""
    answerer = backend.TransformersBackend(folder, {})
    sampling = {"temperature": 0.7, "max_tokens": TOKENS}
    requests = [ask(str(n), text, sampling, (0,), s) for n, text in enumerate(prompts()) for s in range(1, SAMPLES + 1)]
    began = time.perf_counter()
    groups = [group for batch in answerer.batches(requests, 1, 1) for group in answerer.complete(batch)]
    answers = [answer for group in groups for _, answer in group]
    assert len(answers) == PROMPTS * SAMPLES
    return time.perf_counter() - began


def test_sampling_beside_plain_generate(student):
    folder, model, tokenizer = student
    ours = sample(folder)
    began = time.perf_counter()
    for text in prompts():
        ids = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            model.generate(**ids, do_sample=True, temperature=0.7, max_new_tokens=TOKENS, num_return_sequences=SAMPLES,
                           pad_token_id=tokenizer.pad_token_id)  # fmt: skip
    theirs = time.perf_counter() - began
    total = PROMPTS * SAMPLES * TOKENS
    print(
        f"\nsampling: {total / ours:,.0f} tokens/s, generate for each prompt: {total / theirs:,.0f}; {theirs / ours:.1f} times"
    )
    assert theirs / ours > 2


def test_batches_of_nearly_one_length_beside_exactly_one(student, monkeypatch):
    folder, *_ = student
    near = sample(folder)
    monkeypatch.setattr(backend, "SPREAD", 1)
    exact = sample(folder)
    print(f"\nlengths within 16: {near:.2f} s, exactly one: {exact:.2f} s; {exact / near:.1f} times")
    assert exact / near > 1
