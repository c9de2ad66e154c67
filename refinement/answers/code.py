"""The code in a response, as DESIGN's definition of "executable" reads it."""

import ast
import re

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*)\Z", re.DOTALL | re.MULTILINE)
_PYTHON = {"", "python", "python3", "py"}


def labelled_blocks(response: str) -> list[tuple[str, str]]:
    """All fenced blocks in order, each with its language, as it is labelled there, in small letters.

    A fence that is never closed counts, since a cut answer must be run to be
    found broken.
    """
    closed = list(_FENCE.finditer(response))
    rest = response[closed[-1].end() :] if closed else response
    opened = _OPEN.search(rest)
    return [(match[1].lower(), match[2]) for match in [*closed, *([opened] if opened else [])]]


def fenced_blocks(response: str) -> list[str]:
    """All fenced blocks, whatever their language, in order."""
    return [code for _, code in labelled_blocks(response)]


def extract_code(response: str) -> str | None:
    """The program of a response: its fenced blocks joined, or all of it.

    None if there is no fence and the whole does not parse, or no code at all.
    """
    blocks = [code for language, code in labelled_blocks(response) if language in _PYTHON]
    if blocks:
        joined = "\n".join(block.rstrip("\n") for block in blocks) + "\n"
        return joined if joined.strip() else None
    if "```" in response or not response.strip():
        return None
    try:
        ast.parse(response)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return response
