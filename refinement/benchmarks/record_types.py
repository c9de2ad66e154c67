"""Problems of benchmarks and what became of the answers."""

from refinement.completion.record_types import NUMBER_OF_SAMPLE
from refinement.records.record_types import ID, NULL, TEXT, WHOLE, Field, RecordType
from refinement.sandbox.record_types import MODES, NOT_RUN, TESTED, VERDICTS

PROBLEM = RecordType("problem", "a benchmark's task", "benchmarks/{benchmark}.jsonl", (
    ID,
    Field("prompt", "what the model is asked"),
    Field("canonical_solution", "a right answer, or null where the benchmark has none", (TEXT, NULL)),
    Field("kind", "the kind of benchmark, which says how an answer is read; plain where absent", required=False),
    Field("mode", "what is done with programs that answer it; call where absent", required=False, choices=MODES),
    Field(
        "canonical_program",
        "id of the canonical solution's program, which runs beside the answers', or null",
        (TEXT, NULL),
        required=False,
    ),
    Field(
        "unsolvable", "what it means if that one does not pass", required=False, choices=("count", "leave_out")
    ),
    Field("code_prompt", "code that precedes the answer's, where its reader needs it", required=False),
    *TESTED,
))  # fmt: skip

OUTCOME = RecordType("outcome", "a benchmark's answer and what came of it", "benchmarks/{benchmark}/outcomes.jsonl", (
    ID,
    Field("iteration", "the model M_t that answered", (WHOLE,)),
    NUMBER_OF_SAMPLE,
    Field("passed", "1 if all tests passed, else 0", (WHOLE,), choices=(0, 1)),
    Field("verdict", "how it ended", choices=(*VERDICTS, NOT_RUN, "no_code")),
    Field("error", "type and message, or null", (TEXT, NULL)),
    Field("response", "the model's text"),
))  # fmt: skip
