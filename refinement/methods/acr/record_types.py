"""The record types of Adaptive Critique Refinement, in the order of the method."""

from refinement.completion.record_types import NUMBER_OF_SAMPLE
from refinement.records.record_types import ID, LIST, NULL, NUMBER, OBJECT, TEXT, WHOLE, Field, RecordType
from refinement.sandbox.record_types import VERDICTS

WINNERS = ("self", "original", "tie", "unjudged")
REASONS = ("initial", "self", "original", "tie", "unjudged", "critique_missing", "kept")

SNIPPET = RecordType("snippet", "a function that inspires instructions", "snippets/snippets.jsonl", (
    ID,
    Field("source", "the module or file, and the line, where the function was found"),
    Field("code", "the source code of the function"),
))  # fmt: skip

INSTRUCTION = RecordType("instruction", "an instruction after a round of evolution", "instructions/round_{r}.jsonl", (
    ID,
    Field("instruction", "the text of the instruction"),
    Field("concepts", "the programming concepts that the teacher found in the snippet", (LIST,)),
    Field("snippet", "id of the snippet that inspired the instruction"),
    Field("lineage", "the strategies that evolved the instruction, in order", (LIST,)),
))  # fmt: skip

DATASET = RecordType("dataset", "a training record of D_t", "iter_{t}/dataset.jsonl", (
    ID,
    Field("instruction", "the instruction x"),
    Field("messages", "the conversation to train on", (LIST,)),
    Field("kind", "single: (x, y); critique: (x, y_l, c, y_w)", choices=("single", "critique")),
    Field("reason", "why the record has this form", choices=REASONS),
    Field("origin", "who wrote the final answer: 'teacher', or the iteration of the model", (TEXT, WHOLE)),
))  # fmt: skip

EXECUTABILITY = RecordType("executability", "equation 4 for one answer", "iter_{t}/executions.jsonl", (
    ID,
    NUMBER_OF_SAMPLE,
    Field("executed", "1 if the answer's program is executable, else 0", (WHOLE,), choices=(0, 1)),
    Field("verdict", "how the execution ended, or why there was none", choices=(*VERDICTS, "no_code", "missing_package")),
))  # fmt: skip

JUDGEMENT = RecordType("judgement", "equation 1 for one sample", "iter_{t}/judgements.jsonl", (
    ID,
    NUMBER_OF_SAMPLE,
    Field("scores", "a score for each criterion, or null", (OBJECT, NULL)),
    Field("reason", "why there are no scores, or null", (TEXT, NULL)),
))  # fmt: skip

COMPARISON = RecordType("comparison", "equation 6 in one order of the two answers", "iter_{t}/comparisons.jsonl", (
    ID,
    Field("order", "which answer came first in the prompt", choices=("self", "original")),
    Field("self", "rating of the best self-generated answer in [0, 1], or null", (NUMBER, NULL)),
    Field("original", "rating of the current answer in [0, 1], or null", (NUMBER, NULL)),
    Field("better", "the judge's verdict, or null", (TEXT, NULL), choices=("self", "original", "tie")),
    Field("reason", "why there are no ratings, or null", (TEXT, NULL)),
))  # fmt: skip

BEST = RecordType("best", "equations 2 to 5 for one instruction", "iter_{t}/best.jsonl", (
    ID,
    Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
    Field("score_exec", "equation 4 for answers 0..n, where 0 is the current answer", (LIST,)),
    Field("best_self", "equation 5: number of the best sample, or null", (WHOLE, NULL)),
))  # fmt: skip

RANKING = RecordType("ranking", "equations 2 to 8 for one instruction", "iter_{t}/ranking.jsonl", (
    ID,
    Field("score_point", "equation 3 for samples 1..n; null without a judgement", (LIST,)),
    Field("score_exec", "equation 4 for answers 0..n, where 0 is the current answer", (LIST,)),
    Field("best_self", "equation 5: number of the best sample, or null", (WHOLE, NULL)),
    Field("score_self", "equation 7 for the best sample, or null", (NUMBER, NULL)),
    Field("score_original", "equation 7 for the current answer, or null", (NUMBER, NULL)),
    Field("winner", "equation 8", choices=WINNERS),
))  # fmt: skip

CRITIQUE = RecordType("critique", "equation 9 for one lost comparison", "iter_{t}/critiques.jsonl", (
    ID,
    Field("parts", "the four parts as the critic wrote them, or null", (OBJECT, NULL)),
    Field("critique", "the user's second turn in the training record, or null", (TEXT, NULL)),
    Field("first_answer", "the assistant's first turn in the training record, or null", (TEXT, NULL)),
    Field("second_answer", "the assistant's second turn in the training record, or null", (TEXT, NULL)),
    Field("code_unchanged", "whether the critic kept the code of both answers, or null", (WHOLE, NULL), choices=(0, 1)),
    Field("reason", "why there is no critique, or null", (TEXT, NULL)),
))  # fmt: skip
