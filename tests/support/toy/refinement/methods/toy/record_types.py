"""Records of the toy method."""

from refinement.records.record_types import ID, WHOLE, Field, RecordType

SQUARE = RecordType("square", "a number and its square", "squares.jsonl", (
    ID,
    Field("square", "its square", (WHOLE,)),
))  # fmt: skip
