"""Programs to be run and what comes of them."""

from refinement.records.record_types import ID, LIST, NULL, NUMBER, OBJECT, TEXT, WHOLE, Field, RecordType

VERDICTS = ("passed", "failed", "error", "timeout", "memory", "output", "killed")
NOT_RUN = "not_run"  # what its benchmark needs is not installed
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


PROGRAM = RecordType("program", "generated code to be run", "*/programs.jsonl", (
    ID,
    Field("problem", "the problem that it answers, whose fields are joined to these", required=False),
    Field("mode", "what is done with it, where its problem does not say", required=False, choices=MODES),
    Field("code", "all but command: the program", required=False),
    Field("files", "command: texts by file name", (OBJECT,), required=False),
    *TESTED,
    Field("repeats", "how often it runs; seconds is then a list", (WHOLE,), required=False),
))  # fmt: skip

EXECUTION = RecordType("execution", "what came of a program", "*/runs.{shard}.jsonl", (
    ID,
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
))  # fmt: skip
