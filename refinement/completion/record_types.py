"""Requests to language models, and their answers."""

from refinement.records.record_types import ID, NULL, OBJECT, TEXT, WHOLE, Field, RecordType

NUMBER_OF_SAMPLE = Field("sample", "number of the answer; 0 is the current one, 1..n are the model's own", (WHOLE,))

REQUEST = RecordType("request", "a call of a language model (OpenAI's batch format)", "*/requests/{stage}.jsonl", (
    Field("custom_id", "{record id}:{sample}:{attempt}, sample and attempt counted from 1"),
    Field("body", "messages or prompt, model, and sampling: temperature, top_p, max_tokens, seed", (OBJECT,)),
))  # fmt: skip

RESPONSE = RecordType("response", "the answer to a request (OpenAI's batch format)", "*/responses/{stage}.{shard}.jsonl", (
    Field("custom_id", "the request's, with the attempt that was answered"),
    Field("request", "digest of the request's body, by which `replay` finds the answer", required=False),
    Field("response", "status_code and body with choices and usage, or null", (OBJECT, NULL)),
    Field("error", "code and message, or null", (OBJECT, NULL)),
))  # fmt: skip

SAMPLE = RecordType("sample", "an answer of M_t to an instruction of D_t", "iter_{t}/samples.jsonl", (
    ID,
    NUMBER_OF_SAMPLE,
    Field("response", "its text"),
    Field("finish_reason", "stop, or length where it was cut off"),
    Field("program", "an answer to a benchmark: id of its program, null without code", (TEXT, NULL), required=False),
))  # fmt: skip
