"""What the modes share inside the jail: how a program is run and how its end is told."""

import atexit
import linecache
import sys
import threading
import types
from collections.abc import Mapping
from typing import Any

MESSAGE_LIMIT = 300
PROGRAM_FILE = "/tmp/program/program.py"


def describe(error: BaseException) -> str:
    """Type and message, cut; never raises, whatever the exception's own methods do."""
    try:
        text = str(error)
    except BaseException as fault:
        text = f"(its text cannot be made: {type(fault).__name__})"
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return shown[:MESSAGE_LIMIT].encode("ascii", "backslashreplace").decode()


def run_program(parts: Mapping[str, str], name: str) -> dict[str, Any]:
    """Run texts one after another as one module; the module's names.

    ``parts``: by the file name that tracebacks show.
    """
    module = types.ModuleType(name)
    module.__dict__["__file__"] = PROGRAM_FILE
    sys.modules[name] = sys.modules["__main__"] = module
    for file, code in parts.items():
        code = code.removeprefix("\ufeff")
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        exec(compile(code, file, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def leave() -> None:
    """What the interpreter does at its end: wait for threads, call what is registered, write out what is buffered."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in {sys.stdout, sys.__stdout__} - {None}:
        if not getattr(stream, "closed", True):
            stream.flush()


def exit_status(left: SystemExit) -> str | None:
    """None for a SystemExit that means success, else its description."""
    code = left.code  # asked for its type first: an object may claim to equal 0
    return None if code is None or (type(code) in (int, bool) and code == 0) else describe(left)


def run_script(code: str) -> str | None:
    """Run a text as a script, to the interpreter's own end; what went wrong, or None."""
    try:
        try:
            run_program({"<program>": code}, "__main__")
        except SystemExit as left:
            if (status := exit_status(left)) is not None:
                return status
        leave()
    except BaseException as fault:
        return describe(fault)
    return None
