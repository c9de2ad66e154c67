"""Find a function's definition in languages that Python cannot parse, by its head and its matching brackets."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_FLAGS = re.DOTALL | re.MULTILINE | re.VERBOSE
# Strings, comments and JavaScript's regular expressions: brackets in them are not structure.
_TEXT = r"""//[^\n]*|/\*.*?(?:\*/|\Z)
    |R"(?P<tag>[^\s()\\]*)\(.*?(?:\)(?P=tag)"|\Z)|\$?@\$?"(?:""|[^"])*"|\"{3}.*?\"{3}
    |"(?:\\.|[^"\\\n])*"?|(?<=\d)'(?=\d)|'(?:\\.|[^'\\\n])*'?
    |(?:(?<=[=(,:;!&|?\[{}>])|(?<=return))\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*"""
_TEXT_OR_TEMPLATE = re.compile(rf"{_TEXT}|`", _FLAGS)
# What opens and closes inside a JavaScript template, and inside an expression in it.
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
# The same for Bash: quoted text may span lines, a comment's # begins a word, and a here-document ends at its tag.
_SHELL_TEXT = r"""\\.|\$'(?:\\.|[^'\\])*'|'[^']*'|(?<![^\s;&|(])\#[^\n]*
    |(?<!<)<<-?[ \t]*\\?['"]?(?P<tag>[^\s'"\\;&|<>()]++)[^\n]*\n(?:[^\n]*\n)*?\t*(?P=tag)$"""
# What opens and closes inside a double-quoted string, and inside the expansions in it.
_SHELL_SIGNS = {
    '"': re.compile(r"""\\.|(?P<open>\$[({])|(?P<close>")""", _FLAGS),
    "{": re.compile(r"""\\.|'[^'\n]*'|(?P<open>"|\$[({])|(?P<close>\})""", _FLAGS),
    "(": re.compile(rf"""{_SHELL_TEXT}|(?P<open>"|\$\{{|\()|(?P<close>\))""", _FLAGS),
}
SCRIPT_LANGUAGES = ("js", "ts")


class Function(NamedTuple):
    """Offsets in a text: ``start`` of the line that a function begins on, and its ``end``, None if it is not closed."""

    start: int
    end: int | None


def _skip_nested(code: str, place: int, opened: list[str], signs: Mapping[str, re.Pattern[str]]) -> int:
    """The offset after everything in ``opened`` is closed; what is never closed stays in ``opened``.

    ``signs``: for each opening sign, the pattern of what opens and closes inside it.
    """
    while opened and (sign := signs[opened[-1]].search(code, place)) is not None:
        place = sign.end()
        if sign["open"]:
            opened.append(sign["open"][-1])
        elif sign["close"]:
            opened.pop()
    return place


def blank_text(code: str) -> str:
    """The code with strings and comments replaced by blanks, at the same length, so that all brackets are structure."""
    blanked, place = "", 0
    while (found := _TEXT_OR_TEMPLATE.search(code, place)) is not None:
        opened = ["`"] if found[0] == "`" else []
        end = _skip_nested(code, found.end(), opened, _TEMPLATE_SIGNS)
        end = len(code) if opened else end  # the template is never closed
        blanked += code[place : found.start()] + re.sub(r"[^\n]", " ", code[found.start() : end])
        place = end
    return blanked + code[place:]


def _closing_bracket(blanked: str, start: int, pair: str) -> int | None:
    """The offset after the bracket that closes the one at ``start``; None if it is not closed."""
    depth = 0
    for found in re.compile(f"[{re.escape(pair)}]").finditer(blanked, start):
        depth += 1 if found[0] == pair[0] else -1
        if depth == 0:
            return found.end()
    return None


def _expression_end(blanked: str, start: int) -> int | None:
    """The offset after the semicolon of an expression, or after a closing brace that ends its last line."""
    depth = 0
    for found in re.compile(r"[(){}\[\];\n]").finditer(blanked, start):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif depth == 0 and (found[0] == ";" or blanked[: found.start()].rstrip()[-1:] == "}"):
            return found.end() if found[0] == ";" else found.start()
    return len(blanked) if depth == 0 else None


def _body_end(blanked: str, parameters: int, language: str) -> int | None:
    """The offset after a function's body; 0 for a declaration without a body, None if it is not closed.

    ``parameters``: the offset of the bracket that opens the parameters.
    """
    place = _closing_bracket(blanked, parameters, "()")
    while place is not None:
        found = re.compile(r"=>|[{;]" if language == "cs" else r"[{;]").search(blanked, place)
        if found is None or found[0] == ";":
            return 0
        if found[0] == "=>":
            return _expression_end(blanked, found.end())
        end = _closing_bracket(blanked, found.start(), "{}")
        if language not in SCRIPT_LANGUAGES or blanked[: found.start()].rstrip()[-1:] not in tuple(":|&<,"):
            return end  # otherwise the braces hold a type, and the body follows
        place = end
    return None


def _head_start(blanked: str, name: int) -> int | None:
    """The offset of the line with the return type of the function at ``name``; None if ``name`` is only called."""
    line = blanked.rfind("\n", 0, name) + 1
    if not blanked[line:name].strip():  # the return type is on the line above
        line = blanked.rfind("\n", 0, len(blanked[:line].rstrip())) + 1
    kind = blanked[line:name]
    words = kind.split()
    if not words or words[0] in _NO_TYPE or re.search(r"[=(;{}]", kind):
        return None
    typed = re.search(r"[\w>\]&*?]\Z", words[-1]) and re.search(r"[\s&*]\Z", kind)
    return line if typed else None


def _shell_end(code: str, found: re.Match[str]) -> int | None:
    """The offset after a Bash function's last line, which begins with an unquoted brace; None if there is none."""
    line = code.find("\n", found.end())
    first = code[found.end() : line if line >= 0 else len(code)]
    if first.rstrip().endswith("}") and not re.search(r"\$\{[^}]*\}$", first.rstrip()):
        return found.end() + len(first)
    last = rf"^{re.escape(found['indent'])}\}}"
    commands = re.compile(rf"{_SHELL_TEXT}|(?P<open>\"|\$\{{)|(?P<close>{last})", _FLAGS)
    opened = [""]
    end = _skip_nested(code, found.end(), opened, {**_SHELL_SIGNS, "": commands})
    if len(opened) > 1:  # an unclosed quote: what is quoted cannot be known, so take the first closing brace
        closing = re.compile(last, re.MULTILINE).search(code, found.end())
        return None if closing is None else closing.end()
    return None if opened else end


def find_function(code: str, name: str, language: str) -> Function | None:
    """The first definition of the function ``name``; None if there is none.

    ``language``: as MultiPL-E names it: cpp, cs, java, js, sh or ts.
    """
    if language == "sh":  # Bash has its own quotes and comments, and ends a function at a line that begins with }
        found = re.compile(_SHELL.format(name=re.escape(name)), re.MULTILINE).search(code)
        return found and Function(found.start(), _shell_end(code, found))
    blanked = blank_text(code)
    pattern = _SCRIPT if language in SCRIPT_LANGUAGES else _TYPED
    for found in re.compile(pattern.format(name=re.escape(name)), re.MULTILINE).finditer(blanked):
        start = found.start() if language in SCRIPT_LANGUAGES else _head_start(blanked, found.start())
        end = 0 if start is None else _body_end(blanked, found.start("open"), language)
        if start is not None and end != 0:
            return Function(start, end)
    found = re.compile(_VARIABLE.format(name=re.escape(name)), re.MULTILINE).search(blanked)
    if language not in SCRIPT_LANGUAGES or found is None:
        return None
    return Function(found.start(), _expression_end(blanked, found.end()))


def shell_functions(code: str) -> str:
    """The functions of a Bash script, without the commands around them, which may print a usage and exit."""
    spans: list[str] = []
    place = 0
    for found in re.compile(_SHELL.format(name=r"[\w-]+"), re.MULTILINE).finditer(code):
        if found.start() >= place:
            end = _shell_end(code, found)
            place = len(code) if end is None else end
            spans.append(code[found.start() : place])
    return "\n".join(spans)


def remove_functions(code: str, name: str, language: str) -> str:
    """The code without the functions called ``name``, such as an answer's own ``main``.

    In JavaScript and TypeScript, only functions at the top level are removed.
    """
    kept, rest = "", code
    while (found := find_function(rest, name, language)) is not None:
        end = len(rest) if found.end is None else found.end
        inner = language in SCRIPT_LANGUAGES and rest[found.start] in " \t"
        kept += rest[:end] if inner else rest[: found.start]
        rest = rest[end:]
    return kept + rest


def _open_braces(blanked: str) -> Iterator[int]:
    opened: list[int] = []
    for found in re.finditer(r"[{}]", blanked):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            opened.pop()
    yield from reversed(opened)


class Class(NamedTuple):
    """The code before a class, inside its braces, and after it."""

    before: str
    inside: str
    after: str


def enclosing_class(code: str, place: int) -> Class | None:
    """The innermost class around an offset in the code; None if there is none.

    If the class is inside a namespace, ``before`` and ``after`` hold the rest of the
    namespace's contents, not the namespace itself. ``after`` is empty if the class is
    not closed.
    """
    blanked = blank_text(code)
    opened = list(_open_braces(blanked[:place]))
    for depth, brace in enumerate(opened):
        head = max(blanked.rfind(sign, 0, brace) for sign in "{};") + 1
        if not re.search(r"\b(?:class|struct|record)\b", blanked[head:brace]):
            continue
        outer = opened[depth + 1] if depth + 1 < len(opened) else None
        end = _closing_bracket(blanked, brace, "{}")
        before = code[0 if outer is None else outer + 1 : head]
        if end is None:
            return Class(before, code[brace + 1 :], "")
        outer_end = None if outer is None else _closing_bracket(blanked, outer, "{}")
        return Class(before, code[brace + 1 : end - 1], code[end : outer_end and outer_end - 1])
    return None
