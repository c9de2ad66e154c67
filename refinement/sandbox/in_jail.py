"""What modes share inside the jail: executing a program's text, and telling how that ended."""

import atexit
import linecache
import sys
import threading
import types
from collections.abc import Mapping
from typing import Any

MESSAGE_LIMIT = 300  # characters of an execution's error
WORK = "/tmp/program"  # folder that a program is executed in, empty at first
PROGRAM_FILE = f"{WORK}/program.py"  # what programs see as __file__


def describe(error: BaseException) -> str:
    """An exception's type and message, cut to MESSAGE_LIMIT; never raises, whatever the exception's methods do."""
    try:
        text = str(error)
    except BaseException as fault:
        text = f"(its text cannot be made: {type(fault).__name__})"
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return shown[:MESSAGE_LIMIT].encode("ascii", "backslashreplace").decode()


def execute_module(parts: Mapping[str, str], name: str) -> dict[str, Any]:
    """Execute texts one after another as one module, and return the module's names.

    ``parts``: the texts, by the file names that tracebacks show; ``name``: the
    module's. Raises what the texts raise.
    """
    module = types.ModuleType(name)
    module.__dict__["__file__"] = PROGRAM_FILE
    sys.modules[name] = sys.modules["__main__"] = module
    for file, code in parts.items():
        code = code.removeprefix("\ufeff")
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        exec(compile(code, file, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def end_interpreter() -> None:
    """Do what an interpreter does at its end: wait for threads, call exit functions, flush standard output."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in {sys.stdout, sys.__stdout__} - {None}:
        if not getattr(stream, "closed", True):
            stream.flush()


def failure_of_exit(left: SystemExit) -> str | None:
    """The description of a SystemExit that means failure, else None."""
    code = left.code  # its type is looked at first, since an object may claim to equal 0
    return None if code is None or (type(code) in (int, bool) and code == 0) else describe(left)


def execute_script(code: str) -> str | None:
    """Execute a text as a script, up to the interpreter's end; return the error, or None."""
    try:
        try:
            execute_module({"<program>": code}, "__main__")
        except SystemExit as left:
            if (status := failure_of_exit(left)) is not None:
                return status
        end_interpreter()
    except BaseException as fault:
        return describe(fault)
    return None
