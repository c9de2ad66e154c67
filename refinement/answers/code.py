"""Extract the program from a model's response."""

import ast
import re

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*)\Z", re.DOTALL | re.MULTILINE)
_PYTHON = {"", "python", "python3", "py"}


def labelled_blocks(response: str) -> list[tuple[str, str]]:
    """All fenced code blocks in order, as pairs of language label (lower case) and code.

    An unclosed fence counts as a block, so that a truncated answer is executed and
    fails.
    """
    closed = list(_FENCE.finditer(response))
    rest = response[closed[-1].end() :] if closed else response
    opened = _OPEN.search(rest)
    return [(match[1].lower(), match[2]) for match in [*closed, *([opened] if opened else [])]]


def fenced_blocks(response: str) -> list[str]:
    """The code of all fenced blocks in order, whatever their language."""
    return [code for _, code in labelled_blocks(response)]


def extract_code(response: str) -> str | None:
    """The Python program in a response: its Python blocks joined, or the whole response if it has no fence.

    None if there is no code, or no fence and the response is not valid Python.
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
