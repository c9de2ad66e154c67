"""Programs to be executed, and what comes of them."""

import importlib
from types import ModuleType

from refinement.records.record_types import ID, LIST, NULL, NUMBER, OBJECT, TEXT, WHOLE, Field, RecordType
from refinement.sandbox.fields import INTEGRITIES

VERDICTS = ("passed", "failed", "error", "timeout", "memory", "output", "killed")
NOT_RUN = "not_run"  # what its benchmark needs is not installed

# Loaded by name: the code digest of a step that only reads or writes these records must not follow the code that
# executes programs, or each change of that code would make all such steps anew. Their outputs do not depend on it.
_MODES: dict[str, ModuleType] = importlib.import_module("refinement.sandbox.modes").MODES
MODES = tuple(_MODES)


def fields_of_modes(kind: str) -> tuple[Field, ...]:
    """Fields that modes declare, each once and optional, with a description that names its modes.

    ``kind``: ANSWER_FIELDS or TEST_FIELDS.
    """
    declared: dict[str, dict[str, Field]] = {}
    for mode, module in _MODES.items():
        for field in getattr(module, kind):
            declared.setdefault(field.name, {})[mode] = field
    return tuple(_merge(name, by_mode) for name, by_mode in declared.items())


def _merge(name: str, by_mode: dict[str, Field]) -> Field:
    texts: dict[str, list[str]] = {}
    for mode, field in by_mode.items():
        texts.setdefault(field.description, []).append(mode)
    types = dict.fromkeys(kind for field in by_mode.values() for kind in field.types)
    choices = dict.fromkeys(choice for field in by_mode.values() for choice in field.choices)
    if not all(field.choices for field in by_mode.values()):
        choices = {}
    description = "; ".join(f"{', '.join(modes)}: {text}" for text, modes in texts.items())
    return Field(name, description, tuple(types), required=False, choices=tuple(choices))


# How a program is tested: the program's line says it, or its problem's.
TESTED = (
    *fields_of_modes("TEST_FIELDS"),
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


PROGRAM = RecordType("program", "generated code to be executed", "*/programs.jsonl", (
    ID,
    Field("problem", "the problem that it answers, whose fields are joined to these", required=False),
    Field("mode", "what is done with it, where its problem does not say", required=False, choices=MODES),
    *fields_of_modes("ANSWER_FIELDS"),
    *TESTED,
    Field("repeats", "how often it is executed; seconds is then a list", (WHOLE,), required=False),
))  # fmt: skip

EXECUTION = RecordType("execution", "what came of a program", "*/runs.{shard}.jsonl", (
    ID,
    Field("verdict", "how it ended", choices=(*VERDICTS, NOT_RUN)),
    Field("passed", "tests passed", (WHOLE,)),
    Field("total", "tests there were", (WHOLE,)),
    Field("error", "type and message, cut, or null", (TEXT, NULL)),
    Field("seconds", "CPU seconds that it took, or a list of them", (NUMBER, LIST)),
    Field("isolation", "the tier of isolation that it was executed under, or null where it was not", (TEXT, NULL)),
    Field("integrity", "outside: judged where it could not reach; inside: by tests in its own interpreter",
          choices=INTEGRITIES),
    Field("mode", "as in its program", choices=MODES),
    Field("missing", "what it needs and did not find, where it was not executed", (LIST,), required=False),
))  # fmt: skip
