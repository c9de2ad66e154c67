"""The student's tokenizer, training and in-process backend, with tiny real models."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinement.completion.backends.transformers import MIN_ROWS
from refinement.completion.backends.transformers.backend import TransformersBackend, draw, uniform_noise
from refinement.completion.requests import ask, read_answer
from refinement.methods.acr.refining import single_turn, two_turns
from refinement.miniature.lists.corpus import compose_documents
from refinement.miniature.lists.grammar import CALL, instruct, write_code
from refinement.miniature.lists.student import encode_documents, new_model, train_tokenizer
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.errors import BadInput
from refinement.records.files import atomic_write
from refinement.records.randomness import keyed
from refinement.training.settings import Settings
from refinement.training.sft import arrange_by_length, fine_tune, load_student, split_over_long

TEMPLATE = Path("config/chat_templates/miniature.jinja")
ARCHITECTURE = {
    "vocabulary": 400, "hidden": 32, "feed_forward": 64, "layers": 2, "heads": 2, "key_value_heads": 1, "positions": 256,
    "rope_theta": 100, "initializer_range": 0.06,
}  # fmt: skip
SETTINGS = Settings(
    epochs=1, batch_size=8, learning_rate=0.01, min_lr_ratio=0.05, warmup_ratio=0.1, weight_decay=0.01, adam_beta1=0.9,
    adam_beta2=0.98, max_grad_norm=1.0, max_length=256, over_long="refuse", micro_batch=None, precision="float32",
    gradient_checkpointing=False, seed=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """A folder with a tiny random model, which generates random text."""
    documents = list(compose_documents(400, {1: 1, 2: 1}, 0.3, 0))
    tokenizer = train_tokenizer(documents, ARCHITECTURE["vocabulary"], TEMPLATE, 0)
    model = new_model(ARCHITECTURE, tokenizer, 0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3.0)
    folder = tmp_path_factory.mktemp("student") / "model"
    with atomic_write(folder, folder=True) as path:
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
    return str(folder)


def wordings(count):
    return [draw_wording(keyed("student", n), draw_specification(keyed("student", n), 1 + n % 3)) for n in range(count)]


def records(count):
    return [
        single_turn({"id": str(n), "instruction": instruct(w)}, f"```python\n{write_code(w.specification)}\n{CALL}\n```", "initial", "teacher")
        for n, w in enumerate(wordings(count))
    ]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from([chr(c) for c in range(32, 127)] + ["\n"]), max_size=60))
def test_the_tokenizer_round_trips_ascii(student, text):
    _, tokenizer = load_student(student)
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_chat_template_marks_every_assistant_turn_with_its_end(student):
    _, tokenizer = load_student(student)
    record = records(1)[0]
    critique = {"critique": "Mend it.", "first_answer": "bad", "second_answer": record["messages"][1]["content"]}
    encoded = tokenizer.apply_chat_template(
        two_turns(record, critique)["messages"], return_dict=True, return_assistant_tokens_mask=True
    )
    spoken = [token for token, bit in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if bit]
    assert tokenizer.decode(spoken) == f"bad<|end|>{record['messages'][1]['content']}<|end|>"
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_only_code_of_the_corpus_counts_towards_the_loss(student):
    _, tokenizer = load_student(student)
    documents = list(compose_documents(50, {2: 1}, 0.5, 1))
    for text, example in zip(documents, encode_documents(documents, tokenizer), strict=True):
        learned = tokenizer.decode([token for token in example["labels"] if token != -100])
        lines = [line.strip() for line in text.split("\n") if line.strip() and not line.strip().startswith("#")]
        assert "keep" not in learned and "return the" not in learned
        assert len(lines) >= 4 and all(line in learned for line in lines)
        assert example["labels"][-1] == tokenizer.eos_token_id


def sampling_requests(count, samples, temperature=0.8):
    return [
        ask(str(n), instruct(w), {"temperature": temperature, "max_tokens": 20}, (0, "student", 0), sample)
        for n, w in enumerate(wordings(count))
        for sample in range(1, samples + 1)
    ]


def complete(backend, requests, parts=1):
    batches = [batch for part in range(parts) for batch in backend.batches(requests, part + 1, parts)]
    found = [response for batch in batches for group in backend.complete(batch) for _, response in group]
    return {response["custom_id"]: response for response in found}


def test_answers_do_not_depend_on_shards_nor_on_their_order(student):
    requests = sampling_requests(12, 3)
    one = complete(TransformersBackend(student, {"max_rows": 16}), requests)
    three = complete(TransformersBackend(student, {"max_rows": 16}), requests, parts=3)
    assert one == three and len(one) == 36
    assert len({read_answer(response).text for response in one.values()}) > 12


def test_greedy_answers_equal_those_of_transformers(student):
    requests = sampling_requests(10, 1, temperature=0.0)
    found = complete(TransformersBackend(student, {}), requests)
    model, tokenizer = load_student(student)
    for request in requests:
        ids = tokenizer.apply_chat_template(
            request["body"]["messages"], add_generation_prompt=True, return_tensors="pt"
        )
        output = model.generate(**ids, max_new_tokens=20, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        text = tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        assert read_answer(found[request["custom_id"]]).text == text


def test_no_forward_pass_has_fewer_than_eight_rows(student):
    backend, rows = TransformersBackend(student, {}), []
    model = backend._model(student)
    original = model.forward

    def watched(*arguments, **named):
        rows.append(named["input_ids"].shape[0])
        return original(*arguments, **named)

    model.forward = watched
    complete(backend, sampling_requests(1, 1))
    assert rows and min(rows) >= MIN_ROWS


def test_max_tokens_and_stop_strings_end_an_answer(student):
    requests = sampling_requests(6, 1)
    for request in requests:
        request["body"]["max_tokens"] = 3
    assert {read_answer(r).finish_reason for r in complete(TransformersBackend(student, {}), requests).values()} <= {
        "length",
        "stop",
    }
    for request in requests:
        request["body"].update(max_tokens=20, stop=["e"])
    assert all("e" not in read_answer(r).text for r in complete(TransformersBackend(student, {}), requests).values())


def test_a_small_nucleus_is_greedy(student):
    greedy = complete(TransformersBackend(student, {}), sampling_requests(6, 1, temperature=0.0))
    requests = sampling_requests(6, 1, temperature=1.0)
    for request in requests:
        request["body"]["top_p"] = 1e-6
    nucleus = complete(TransformersBackend(student, {}), requests)
    assert [read_answer(r).text for r in nucleus.values()] == [read_answer(r).text for r in greedy.values()]


def test_tokens_are_drawn_from_the_softmax():
    logits = torch.tensor([1.0, 0.0, -1.0, 2.0])
    seeds = torch.arange(20000)
    noise = uniform_noise(seeds, 7)
    counts = torch.bincount(draw(logits.expand(20000, 4), noise), minlength=4)
    expected = logits.softmax(-1) * 20000
    assert float(((counts - expected) ** 2 / expected).sum()) < 16.3, "chi-square, 3 degrees, 0.1%"
    assert float(noise.min()) > 0
    assert float(noise.max()) < 1
    assert not torch.equal(noise, uniform_noise(seeds, 8))
    assert torch.equal(noise[:10], uniform_noise(seeds[:10], 7))


def test_a_token_without_probability_is_never_drawn():
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf, 1.0, -torch.inf]).expand(2000, 5)
    noise = torch.linspace(0, 1, 2000, dtype=torch.double).clamp(1e-300, 1 - 2**-53)
    assert set(draw(logits, noise).tolist()) == {1, 3}


def test_an_unknown_setting_and_a_missing_model_are_named(student):
    requests = sampling_requests(1, 1)
    requests[0]["body"]["presence_penalty"] = 1
    with pytest.raises(BadInput, match="no 'presence_penalty'"):
        complete(TransformersBackend(student, {}), requests)
    with pytest.raises(BadInput, match="model none/such: cannot be loaded"):
        complete(TransformersBackend("none/such", {}), sampling_requests(1, 1))


def test_training_is_reproducible_to_the_byte(student, tmp_path):
    logs = []
    for name in ("one", "two"):
        model, tokenizer = load_student(student)
        fine_tune(model, tokenizer, records(48), SETTINGS._replace(epochs=4), tmp_path / name, "all", logs.append)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]
    assert logs[0]["steps"] == 24
    _, tokenizer = load_student(str(tmp_path / "one"))
    assert "{% generation %}" in tokenizer.chat_template


def test_the_loss_is_on_the_configured_turns(student, tmp_path, monkeypatch):
    import refinement.training.sft as training

    seen = {}

    def stop(trainer, *_):
        seen["labels"] = [token for token in trainer.train_dataset[0]["labels"] if token != -100]
        return {}

    monkeypatch.setattr(training, "_run_trainer", stop)
    record = two_turns(records(1)[0], {"critique": "Mend it.", "first_answer": "bad", "second_answer": "good"})
    for loss, text in (("all", "bad<|end|>good<|end|>"), ("last", "good<|end|>")):
        model, tokenizer = load_student(student)
        fine_tune(model, tokenizer, [record], SETTINGS, tmp_path / loss, loss, print)
        assert tokenizer.decode(seen["labels"]) == text


def test_over_long_records_are_refused_or_counted(student):
    _, tokenizer = load_student(student)
    short = SETTINGS._replace(max_length=len(tokenizer.apply_chat_template(records(1)[0]["messages"])["input_ids"]))
    with pytest.raises(BadInput, match=r"exceed training.max_length .*, first \d+; raise the limit"):
        split_over_long(records(20), tokenizer, short)
    kept, long = split_over_long(records(20), tokenizer, short._replace(over_long="drop"))
    assert kept and long and len(kept) + len(long) == 20


def test_a_template_without_markers_is_refused(student, tmp_path):
    template = tmp_path / "plain.jinja"
    template.write_text("{{ messages }}")
    with pytest.raises(BadInput, match="lacks {% generation %}"):
        load_student(student, str(template))


def test_arranging_by_length_keeps_every_example():
    examples = [{"input_ids": [0] * (1 + n % 17), "n": n} for n in range(103)]
    arranged = arrange_by_length(examples, 8, seed=1)
    assert sorted(e["n"] for e in arranged) == list(range(103))
    assert arranged == arrange_by_length(examples, 8, seed=1) != arrange_by_length(examples, 8, seed=2)
