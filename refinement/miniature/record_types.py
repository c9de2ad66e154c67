"""Texts of the small worlds."""

from refinement.records.record_types import ID, Field, RecordType

DOCUMENT = RecordType("document", "a text of the miniature's corpus", "corpus.jsonl", (
    ID,
    Field("text", "its text"),
))  # fmt: skip
