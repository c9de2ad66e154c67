"""Records of Adaptive Critique Refinement, in the order of the method."""

from refinement.completion.record_types import NUMBER_OF_SAMPLE
from refinement.records.record_types import ID, LIST, NULL, NUMBER, OBJECT, TEXT, WHOLE, Field, RecordType
from refinement.sandbox.record_types import VERDICTS

WINNERS = ("self", "original", "tie", "unjudged")
REASONS = ("initial", "self", "original", "tie", "unjudged", "critique_missing", "kept")

SNIPPET = RecordType("snippet", "a function from which an instruction is inspired", "snippets/snippets.jsonl", (
    ID,
    Field("source", "module or file and line that it came from"),
    Field("code", "its source text"),
))  # fmt: skip

INSTRUCTION = RecordType("instruction", "an instruction at some round of its evolution", "instructions/round_{r}.jsonl", (
    ID,
    Field("instruction", "its text"),
    Field("concepts", "the programming concepts found in its snippet", (LIST,)),
    Field("snippet", "id of the snippet that inspired it"),
    Field("lineage", "strategies that changed it, in order", (LIST,)),
))  # fmt: skip

DATASET = RecordType("dataset", "a training record of D_t", "iter_{t}/dataset.jsonl", (
    ID,
    Field("instruction", "the instruction x"),
    Field("messages", "the conversation that is trained on", (LIST,)),
    Field("kind", "single: (x, y); critique: (x, y_l, c, y_w)", choices=("single", "critique")),
    Field("reason", "what made the record as it is", choices=REASONS),
    Field("origin", "'teacher', or the iteration whose model wrote the final answer", (TEXT, WHOLE)),
))  # fmt: skip

EXECUTABILITY = RecordType("executability", "equation 4 for one answer", "iter_{t}/executions.jsonl", (
    ID,
    NUMBER_OF_SAMPLE,
    Field("executed", "1 if it is executable, else 0", (WHOLE,), choices=(0, 1)),
    Field("verdict", "how it ended", choices=(*VERDICTS, "no_code", "missing_package")),
))  # fmt: skip

JUDGEMENT = RecordType("judgement", "equation 1 for one sample", "iter_{t}/judgements.jsonl", (
    ID,
    NUMBER_OF_SAMPLE,
    Field("scores", "a number for each criterion, or null", (OBJECT, NULL)),
    Field("reason", "why there are none, or null", (TEXT, NULL)),
))  # fmt: skip

COMPARISON = RecordType("comparison", "equation 6 in one order of the two answers", "iter_{t}/comparisons.jsonl", (
    ID,
    Field("order", "which answer stood first", choices=("self", "original")),
    Field("self", "rating of the best own answer in [0, 1], or null", (NUMBER, NULL)),
    Field("original", "rating of the current answer in [0, 1], or null", (NUMBER, NULL)),
    Field("better", "the judge's verdict, or null", (TEXT, NULL), choices=("self", "original", "tie")),
    Field("reason", "why there is none, or null", (TEXT, NULL)),
))  # fmt: skip

BEST = RecordType("best", "equations 2 to 5 for one instruction", "iter_{t}/best.jsonl", (
    ID,
    Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
    Field("score_exec", "equation 4 for answers 0..n", (LIST,)),
    Field("best_self", "equation 5: the best sample, or null", (WHOLE, NULL)),
))  # fmt: skip

RANKING = RecordType("ranking", "equations 2 to 8 for one instruction", "iter_{t}/ranking.jsonl", (
    ID,
    Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
    Field("score_exec", "equation 4 for answers 0..n", (LIST,)),
    Field("best_self", "equation 5: the best sample, or null", (WHOLE, NULL)),
    Field("score_self", "equation 7 for it, or null", (NUMBER, NULL)),
    Field("score_original", "equation 7 for the current answer, or null", (NUMBER, NULL)),
    Field("winner", "equation 8", choices=WINNERS),
))  # fmt: skip

CRITIQUE = RecordType("critique", "equation 9 for one lost comparison", "iter_{t}/critiques.jsonl", (
    ID,
    Field("parts", "the four parts as the critic wrote them, or null", (OBJECT, NULL)),
    Field("critique", "the user's second turn that is used, or null", (TEXT, NULL)),
    Field("first_answer", "the assistant's first turn that is used", (TEXT, NULL)),
    Field("second_answer", "the assistant's second turn that is used", (TEXT, NULL)),
    Field("code_unchanged", "whether the critic left both answers' code as it was, or null", (WHOLE, NULL), choices=(0, 1)),
    Field("reason", "why there is none, or null", (TEXT, NULL)),
))  # fmt: skip
