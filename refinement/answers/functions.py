"""A function in an answer, in languages that Python cannot parse: found by its head and its brackets."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_FLAGS = re.DOTALL | re.MULTILINE | re.VERBOSE
# Text in which brackets mean nothing: strings, comments and JavaScript's regular expressions.
_TEXT = r"""//[^\n]*|/\*.*?(?:\*/|\Z)
    |R"(?P<tag>[^\s()\\]*)\(.*?(?:\)(?P=tag)"|\Z)|\$?@\$?"(?:""|[^"])*"|\"{3}.*?\"{3}
    |"(?:\\.|[^"\\\n])*"?|(?<=\d)'(?=\d)|'(?:\\.|[^'\\\n])*'?
    |(?:(?<=[=(,:;!&|?\[{}>])|(?<=return))\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*"""
_MUTE = re.compile(rf"{_TEXT}|`", _FLAGS)
# What opens and closes within a template, and within the expressions that it holds.
_TEMPLATE_SIGNS = {
    "`": re.compile(r"\\.|(?P<open>\$\{)|(?P<close>`)", _FLAGS),
    "{": re.compile(rf"{_TEXT}|(?P<open>[`{{])|(?P<close>\}})", _FLAGS),
}
_SCRIPT = (
    r"^[ \t]*(?:export[ \t]+(?:default[ \t]+)?)?(?:async[ \t]+)?function\b[ \t*]*{name}[ \t]*(?:<[^(]*)?(?P<open>\()"
)
_TYPED = r"\b{name}\s*(?P<open>\()"
_NO_TYPE = ("return", "else", "throw", "new", "case", "await", "yield")
_VARIABLE = r"^[ \t]*(?:export\s+)?(?:const|let|var)\s+{name}\b(?:\s*:[^\n]*?)?\s*=(?![=>])"
_SHELL = r"^(?P<indent>[ \t]*)(?:function[ \t]+{name}[ \t]*(?:\(\s*\))?|{name}[ \t]*\(\s*\))\s*\{{"
# Such text in Bash, where quotes hold line breaks: a comment is a word of its own, a here-document needs its last line.
_SHELL_MUTE = r"""\\.|\$'(?:\\.|[^'\\])*'|'[^']*'|(?<![^\s;&|(])\#[^\n]*
    |(?<!<)<<-?[ \t]*\\?['"]?(?P<tag>[^\s'"\\;&|<>()]++)[^\n]*\n(?:[^\n]*\n)*?\t*(?P=tag)$"""
# What opens and closes within a text, and within what its dollars open.
_SHELL_SIGNS = {
    '"': re.compile(r"""\\.|(?P<open>\$[({])|(?P<close>")""", _FLAGS),
    "{": re.compile(r"""\\.|'[^'\n]*'|(?P<open>"|\$[({])|(?P<close>\})""", _FLAGS),
    "(": re.compile(rf"""{_SHELL_MUTE}|(?P<open>"|\$\{{|\()|(?P<close>\))""", _FLAGS),
}
SCRIPTS = ("js", "ts")


class Function(NamedTuple):
    """Where a function begins (its line) and ends in a text; ``end`` is None where it is not closed."""

    start: int
    end: int | None


def _closed(code: str, place: int, opened: list[str], signs: Mapping[str, re.Pattern[str]]) -> int:
    """The place after what closes all that is opened; what is never closed stays in ``opened``.

    ``signs``: by the last sign of what is open, what opens and closes within.
    """
    while opened and (sign := signs[opened[-1]].search(code, place)) is not None:
        place = sign.end()
        if sign["open"]:
            opened.append(sign["open"][-1])
        elif sign["close"]:
            opened.pop()
    return place


def mute(code: str) -> str:
    """The code with strings and comments blanked, at the same length: what is left of brackets is structure."""
    muted, place = "", 0
    while (found := _MUTE.search(code, place)) is not None:
        opened = ["`"] if found[0] == "`" else []
        end = _closed(code, found.end(), opened, _TEMPLATE_SIGNS)
        end = len(code) if opened else end  # a template that is never closed
        muted += code[place : found.start()] + re.sub(r"[^\n]", " ", code[found.start() : end])
        place = end
    return muted + code[place:]


def _match(muted: str, start: int, pair: str) -> int | None:
    """The place after the bracket that closes the one at ``start``."""
    depth = 0
    for found in re.compile(f"[{re.escape(pair)}]").finditer(muted, start):
        depth += 1 if found[0] == pair[0] else -1
        if depth == 0:
            return found.end()
    return None


def _expression_end(muted: str, start: int) -> int | None:
    """The place after an expression's semicolon, or after the brace that ends its last line."""
    depth = 0
    for found in re.compile(r"[(){}\[\];\n]").finditer(muted, start):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif depth == 0 and (found[0] == ";" or muted[: found.start()].rstrip()[-1:] == "}"):
            return found.end() if found[0] == ";" else found.start()
    return len(muted) if depth == 0 else None


def _body_end(muted: str, parameters: int, language: str) -> int | None:
    """The place after a function's body; 0 for a declaration without one. ``parameters``: their bracket."""
    place = _match(muted, parameters, "()")
    while place is not None:
        found = re.compile(r"=>|[{;]" if language == "cs" else r"[{;]").search(muted, place)
        if found is None or found[0] == ";":
            return 0
        if found[0] == "=>":
            return _expression_end(muted, found.end())
        end = _match(muted, found.start(), "{}")
        if language not in SCRIPTS or muted[: found.start()].rstrip()[-1:] not in tuple(":|&<,"):  # else a type
            return end
        place = end
    return None


def _head_start(muted: str, name: int) -> int | None:
    """Where the line of a function's type begins, for a name that a type precedes; None for a mere call."""
    line = muted.rfind("\n", 0, name) + 1
    if not muted[line:name].strip():  # the type stands above
        line = muted.rfind("\n", 0, len(muted[:line].rstrip())) + 1
    kind = muted[line:name]
    words = kind.split()
    if not words or words[0] in _NO_TYPE or re.search(r"[=(;{}]", kind):
        return None
    typed = re.search(r"[\w>\]&*?]\Z", words[-1]) and re.search(r"[\s&*]\Z", kind)
    return line if typed else None


def _shell_end(code: str, found: re.Match[str]) -> int | None:
    """The place after a function's last line, which begins with its brace: outside of what is quoted."""
    line = code.find("\n", found.end())
    first = code[found.end() : line if line >= 0 else len(code)]
    if first.rstrip().endswith("}") and not re.search(r"\$\{[^}]*\}$", first.rstrip()):
        return found.end() + len(first)
    last = rf"^{re.escape(found['indent'])}\}}"
    commands = re.compile(rf"{_SHELL_MUTE}|(?P<open>\"|\$\{{)|(?P<close>{last})", _FLAGS)
    opened = [""]
    end = _closed(code, found.end(), opened, {**_SHELL_SIGNS, "": commands})
    if len(opened) > 1:  # a quote that is never closed: there is no telling what is quoted
        closing = re.compile(last, re.MULTILINE).search(code, found.end())
        return None if closing is None else closing.end()
    return None if opened else end


def find_function(code: str, name: str, language: str) -> Function | None:
    """The first definition of a function, by MultiPL-E's name of the language; None where there is none."""
    if language == "sh":  # its quotes and comments are not C's; its functions end where a line begins with a brace
        found = re.compile(_SHELL.format(name=re.escape(name)), re.MULTILINE).search(code)
        return found and Function(found.start(), _shell_end(code, found))
    muted = mute(code)
    pattern = _SCRIPT if language in SCRIPTS else _TYPED
    for found in re.compile(pattern.format(name=re.escape(name)), re.MULTILINE).finditer(muted):
        start = found.start() if language in SCRIPTS else _head_start(muted, found.start())
        end = 0 if start is None else _body_end(muted, found.start("open"), language)
        if start is not None and end != 0:
            return Function(start, end)
    found = re.compile(_VARIABLE.format(name=re.escape(name)), re.MULTILINE).search(muted)
    if language not in SCRIPTS or found is None:
        return None
    return Function(found.start(), _expression_end(muted, found.end()))


def shell_functions(code: str) -> str:
    """The functions of a Bash script, without what stands around them: that may print a usage and exit."""
    spans: list[str] = []
    place = 0
    for found in re.compile(_SHELL.format(name=r"[\w-]+"), re.MULTILINE).finditer(code):
        if found.start() >= place:
            end = _shell_end(code, found)
            place = len(code) if end is None else end
            spans.append(code[found.start() : place])
    return "\n".join(spans)


def without_functions(code: str, name: str, language: str) -> str:
    """The code without functions of a name, such as an answer's own ``main``; of scripts, those of the file itself."""
    kept, rest = "", code
    while (found := find_function(rest, name, language)) is not None:
        end = len(rest) if found.end is None else found.end
        inner = language in SCRIPTS and rest[found.start] in " \t"
        kept += rest[:end] if inner else rest[: found.start]
        rest = rest[end:]
    return kept + rest


def _open_braces(muted: str) -> Iterator[int]:
    opened: list[int] = []
    for found in re.finditer(r"[{}]", muted):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            opened.pop()
    yield from reversed(opened)


class Class(NamedTuple):
    """A class's text around a function: what precedes it, what it holds, what follows it."""

    before: str
    inside: str
    after: str


def enclosing_class(code: str, place: int) -> Class | None:
    """The innermost class around a place in the code; None where there is none.

    Of what stands around the class, what its own surroundings hold is kept: a
    namespace's other types, not the namespace. ``after`` is empty where the
    class is not closed.
    """
    muted = mute(code)
    opened = list(_open_braces(muted[:place]))
    for depth, brace in enumerate(opened):
        head = max(muted.rfind(sign, 0, brace) for sign in "{};") + 1
        if not re.search(r"\b(?:class|struct|record)\b", muted[head:brace]):
            continue
        outer = opened[depth + 1] if depth + 1 < len(opened) else None
        end = _match(muted, brace, "{}")
        before = code[0 if outer is None else outer + 1 : head]
        if end is None:
            return Class(before, code[brace + 1 :], "")
        outer_end = None if outer is None else _match(muted, outer, "{}")
        return Class(before, code[brace + 1 : end - 1], code[end : outer_end and outer_end - 1])
    return None
