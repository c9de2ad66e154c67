"""The kinds of records and their fields: the schema of every JSONL file.

``docs/records.md`` is made from this table.
"""

from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

TEXT, WHOLE, NUMBER, LIST, OBJECT, NULL = "text", "a whole number", "a number", "a list", "an object", "null"

_TESTS = {
    TEXT: lambda value: isinstance(value, str),
    WHOLE: lambda value: isinstance(value, int) and not isinstance(value, bool),
    NUMBER: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    LIST: lambda value: isinstance(value, list),
    OBJECT: lambda value: isinstance(value, dict),
    NULL: lambda value: value is None,
}


def _is_conversation(value: list[Any]) -> bool:
    def is_turn(turn: Any) -> bool:
        return isinstance(turn, dict) and all(isinstance(turn.get(name), str) for name in ("role", "content"))

    return len(value) >= 2 and all(map(is_turn, value))


@dataclass(frozen=True)
class Field:
    """A field: its name, what it means, its types, and its values where they are few."""

    name: str
    description: str
    types: tuple[str, ...] = (TEXT,)
    required: bool = True
    choices: tuple[str | int, ...] = ()

    def accepts(self, value: Any) -> bool:
        """Whether a value has one of the types and is among the choices."""
        if not any(_TESTS[name](value) for name in self.types):
            return False
        if self.name == "messages" and not _is_conversation(value):
            return False
        return not self.choices or value is None or value in self.choices

    @property
    def expects(self) -> str:
        """What a value must be, for an error message."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        if self.name == "messages":
            return "a list of two or more objects with the texts role and content"
        return " or ".join(self.types)


@dataclass(frozen=True)
class RecordType:
    """A kind of record: what it is, where it lies, its fields."""

    name: str
    description: str
    path: str
    fields: tuple[Field, ...]


_ID = Field("id", "name of the record, unique in its file")
_SAMPLE = Field("sample", "number of the answer; 0 is the current one, 1..n are the model's own", (WHOLE,))
_REJECTED = Field("reason", "why the record was rejected")

VERDICTS = ("passed", "failed", "error", "timeout", "memory", "output", "killed")
NOT_RUN = "not_run"  # what its benchmark needs is not installed
WINNERS = ("self", "original", "tie", "unjudged")
REASONS = ("initial", "self", "original", "tie", "unjudged", "critique_missing", "kept")
COMPARISONS = ("lines", "decimals")
MODES = ("run", "call", "outputs", "stdio", "unittest", "command")

# How a program is tested: a program says it itself, or its problem does.
TESTED = (
    Field("entry_point", "call, outputs: the function under test", required=False),
    Field(
        "calls",
        "outputs: a list of argument lists, or a text of one that keeps exact types",
        (LIST, TEXT),
        required=False,
    ),
    Field("expected", "outputs: what each call should give, in either form", (LIST, TEXT), required=False),
    Field("oracle", "outputs: how the two are compared: exact, json or evalplus", required=False),
    Field("oracle_settings", "outputs: what that oracle wants to know", (OBJECT,), required=False),
    Field("limits", "outputs: seconds of CPU for each call, a list or one number", (LIST, NUMBER), required=False),
    Field(
        "parts", "outputs: numbers of calls before each of which the program is loaded anew", (LIST,), required=False
    ),
    Field(
        "iterate",
        "outputs: 1 if what can be iterated over is wanted as a list",
        (WHOLE,),
        required=False,
        choices=(0, 1),
    ),
    Field(
        "tests", "call: assert statements, or a function check(candidate); unittest: TestCase classes", required=False
    ),
    Field("preamble", "call: trusted code that precedes the program", required=False),
    Field("cases", "stdio: objects with stdin and the stdout that is wanted", (LIST,), required=False),
    Field(
        "comparison",
        "stdio: of outputs, by lines (where absent), or by lines and else by their numbers",
        required=False,
        choices=COMPARISONS,
    ),
    Field("language", "command: of its files", required=False),
    Field("compile", "command: words of the command line that compiles, or null", (LIST, NULL), required=False),
    Field("run", "command: words of the command line that runs", (LIST,), required=False),
    Field("inputs", "read-only files: name in the working folder to path here", (OBJECT,), required=False),
    Field("timeout", "seconds of CPU", (NUMBER,), required=False),
    Field("memory_mb", "memory in MiB", (WHOLE,), required=False),
    Field(
        "needs",
        "what must be installed: a command, a path or 'import NAME', to how it is had",
        (OBJECT,),
        required=False,
    ),
)

_KINDS = (
    RecordType("snippet", "a function from which an instruction is inspired", "snippets/snippets.jsonl", (
        _ID,
        Field("source", "module or file and line that it came from"),
        Field("code", "its source text"),
    )),
    RecordType("rejection", "a record that went no further", "*.rejected.jsonl", (
        _ID,
        _REJECTED,
        Field("detail", "the text or the match that decided", (TEXT, NULL)),
    )),
    RecordType("problem", "a benchmark's task", "benchmarks/{benchmark}.jsonl", (
        _ID,
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
    )),
    RecordType("document", "a text of the miniature's corpus", "corpus.jsonl", (
        _ID,
        Field("text", "its text"),
    )),
    RecordType("instruction", "an instruction at some round of its evolution", "instructions/round_{r}.jsonl", (
        _ID,
        Field("instruction", "its text"),
        Field("concepts", "the programming concepts found in its snippet", (LIST,)),
        Field("snippet", "id of the snippet that inspired it"),
        Field("lineage", "strategies that changed it, in order", (LIST,)),
    )),
    RecordType("request", "a call of a language model (OpenAI's batch format)", "*/requests/{stage}.jsonl", (
        Field("custom_id", "{record id}:{sample}:{attempt}, sample and attempt counted from 1"),
        Field("body", "messages or prompt, model, and sampling: temperature, top_p, max_tokens, seed", (OBJECT,)),
    )),
    RecordType("response", "the answer to a request (OpenAI's batch format)", "*/responses/{stage}.{shard}.jsonl", (
        Field("custom_id", "the request's, with the attempt that was answered"),
        Field("request", "digest of the request's body, by which `replay` finds the answer", required=False),
        Field("response", "status_code and body with choices and usage, or null", (OBJECT, NULL)),
        Field("error", "code and message, or null", (OBJECT, NULL)),
    )),
    RecordType("program", "generated code to be run", "*/programs.jsonl", (
        _ID,
        Field("problem", "the problem that it answers, whose fields are joined to these", required=False),
        Field("mode", "what is done with it, where its problem does not say", required=False, choices=MODES),
        Field("code", "all but command: the program", required=False),
        Field("files", "command: texts by file name", (OBJECT,), required=False),
        *TESTED,
        Field("repeats", "how often it runs; seconds is then a list", (WHOLE,), required=False),
    )),
    RecordType("run", "what came of a program", "*/runs.{shard}.jsonl", (
        _ID,
        Field("verdict", "how it ended", choices=(*VERDICTS, NOT_RUN)),
        Field("passed", "tests passed", (WHOLE,)),
        Field("total", "tests there were", (WHOLE,)),
        Field("error", "type and message, cut, or null", (TEXT, NULL)),
        Field("seconds", "CPU seconds that it took, or a list of them", (NUMBER, LIST)),
        Field("isolation", "the tier of isolation that it ran under, or null where it was not run", (TEXT, NULL)),
        Field("integrity", "outside: judged where it could not reach; inside: by tests in its own interpreter",
              choices=("outside", "inside")),
        Field("mode", "as in its program", choices=MODES),
        Field("missing", "what it needs and did not find, where it was not run", (LIST,), required=False),
    )),
    RecordType("dataset", "a training record of D_t", "iter_{t}/dataset.jsonl", (
        _ID,
        Field("instruction", "the instruction x"),
        Field("messages", "the conversation that is trained on", (LIST,)),
        Field("kind", "single: (x, y); critique: (x, y_l, c, y_w)", choices=("single", "critique")),
        Field("reason", "what made the record as it is", choices=REASONS),
        Field("origin", "'teacher', or the iteration whose model wrote the final answer", (TEXT, WHOLE)),
    )),
    RecordType("sample", "an answer of M_t to an instruction of D_t", "iter_{t}/samples.jsonl", (
        _ID,
        _SAMPLE,
        Field("response", "its text"),
        Field("finish_reason", "stop, or length where it was cut off"),
        Field("program", "an answer to a benchmark: id of its program, null without code", (TEXT, NULL), required=False),
    )),
    RecordType("execution", "equation 4 for one answer", "iter_{t}/executions.jsonl", (
        _ID,
        _SAMPLE,
        Field("executed", "1 if it is executable, else 0", (WHOLE,), choices=(0, 1)),
        Field("verdict", "how it ended", choices=(*VERDICTS, "no_code", "missing_package")),
    )),
    RecordType("judgement", "equation 1 for one sample", "iter_{t}/judgements.jsonl", (
        _ID,
        _SAMPLE,
        Field("scores", "a number for each criterion, or null", (OBJECT, NULL)),
        Field("reason", "why there are none, or null", (TEXT, NULL)),
    )),
    RecordType("comparison", "equation 6 in one order of the two answers", "iter_{t}/comparisons.jsonl", (
        _ID,
        Field("order", "which answer stood first", choices=("self", "original")),
        Field("self", "rating of the best own answer in [0, 1], or null", (NUMBER, NULL)),
        Field("original", "rating of the current answer in [0, 1], or null", (NUMBER, NULL)),
        Field("better", "the judge's verdict, or null", (TEXT, NULL), choices=("self", "original", "tie")),
        Field("reason", "why there is none, or null", (TEXT, NULL)),
    )),
    RecordType("best", "equations 2 to 5 for one instruction", "iter_{t}/best.jsonl", (
        _ID,
        Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
        Field("score_exec", "equation 4 for answers 0..n", (LIST,)),
        Field("best_self", "equation 5: the best sample, or null", (WHOLE, NULL)),
    )),
    RecordType("ranking", "equations 2 to 8 for one instruction", "iter_{t}/ranking.jsonl", (
        _ID,
        Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
        Field("score_exec", "equation 4 for answers 0..n", (LIST,)),
        Field("best_self", "equation 5: the best sample, or null", (WHOLE, NULL)),
        Field("score_self", "equation 7 for it, or null", (NUMBER, NULL)),
        Field("score_original", "equation 7 for the current answer, or null", (NUMBER, NULL)),
        Field("winner", "equation 8", choices=WINNERS),
    )),
    RecordType("critique", "equation 9 for one lost comparison", "iter_{t}/critiques.jsonl", (
        _ID,
        Field("parts", "the four parts as the critic wrote them, or null", (OBJECT, NULL)),
        Field("critique", "the user's second turn that is used, or null", (TEXT, NULL)),
        Field("first_answer", "the assistant's first turn that is used", (TEXT, NULL)),
        Field("second_answer", "the assistant's second turn that is used", (TEXT, NULL)),
        Field("code_unchanged", "whether the critic left both answers' code as it was, or null", (WHOLE, NULL), choices=(0, 1)),
        Field("reason", "why there is none, or null", (TEXT, NULL)),
    )),
    RecordType("outcome", "a benchmark's answer and what came of it", "benchmarks/{benchmark}/outcomes.jsonl", (
        _ID,
        Field("iteration", "the model M_t that answered", (WHOLE,)),
        _SAMPLE,
        Field("passed", "1 if all tests passed, else 0", (WHOLE,), choices=(0, 1)),
        Field("verdict", "how it ended", choices=(*VERDICTS, NOT_RUN, "no_code")),
        Field("error", "type and message, or null", (TEXT, NULL)),
        Field("response", "the model's text"),
    )),
)  # fmt: skip

RECORD_TYPES: dict[str, RecordType] = {kind.name: kind for kind in _KINDS}
