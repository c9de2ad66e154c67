"""MultiPL-E's HumanEval in C++, C#, Java, Bash, TypeScript and JavaScript, for instruction-tuned models.

Data: nuprl/MultiPL-E (Cassano et al., 2022), fields name, language, prompt, tests.
Prompt and evaluation follow DeepSeek-Coder's Evaluation/HumanEval (eval_instruct.py),
which asks for the whole function in a fenced block, and use its compilers and options;
docs/benchmarks.md lists limits and exceptions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from refinement.answers.code import labelled_blocks
from refinement.answers.functions import (
    SCRIPT_LANGUAGES,
    blank_text,
    enclosing_class,
    find_function,
    remove_functions,
    shell_functions,
)
from refinement.benchmarks.fields import check_texts
from refinement.completion.prompts import fill_template
from refinement.records.errors import BadInput
from refinement.records.record_types import Record

SETTINGS = ("language",)
FIELDS = ("language", "label", "code")
_JAR = "/usr/share/java/javatuples.jar"
_JDK = "apt-get install default-jdk-headless"
_MEMORY_MB = 1024
# The same Java virtual machine on every computer: fixed numbers of threads, fixed size of the heap.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ActiveProcessorCount=2", "-XX:-UsePerfData",
        "-Xms16m", "-Xmx512m")  # fmt: skip
# By default a failed Debug.Assert writes a line at most; this listener makes it end the program.
_LISTENER = """using System;
using System.Diagnostics;

class EndingListener : TraceListener {
    public override void Fail(string message, string detail) {
        Console.Error.WriteLine("assertion failed");
        Environment.Exit(1);
    }
    public override void Fail(string message) { Fail(message, null); }
    public override void Write(string message) { }
    public override void WriteLine(string message) { }
}

class EndingMain {
    static void Main(string[] arguments) {
        Debug.Listeners.Clear();
        Debug.Listeners.Add(new EndingListener());
        Problem.Main(arguments);
    }
}
"""
_IMPORT = re.compile(r"^[ \t]*(?:import|using)[ \t]+[\w \t.*=<>,]+;[^\n]*$", re.MULTILINE)
# Removed from the types beside Problem: package and namespace declarations, and public, because Java allows only one
# public type in a file.
_PLACE = re.compile(r"^(?:package|namespace)\s[^;{]*;", re.MULTILINE)
_PUBLIC = re.compile(
    r"^[ \t]*public[ \t]+(?=(?:(?:abstract|final|sealed|strictfp)[ \t]+)*(?:class|enum|interface|record)\b)",
    re.MULTILINE,
)
# Removed from scripts: exports, which would make them modules, and declarations of assert, which the tests declare.
_MODULE = re.compile(
    r"^[ \t]*(?:(?:const|let|var)\s+assert\b[^\n]*$|import\b[^\n]*\bassert\b[^\n]*$|export\s+(?:default\s+)?"
    r"(?=(?:async|class|const|enum|function|interface|let|type|var)\b))", re.MULTILINE,
)  # fmt: skip
_CODE = re.compile(r"^(?:.*[;{}]|[ \t]*(?:#include|#!|//|/\*|import |using |const |function ).*)$", re.MULTILINE)
_NODE = {"node": "apt-get install nodejs"}


@dataclass(frozen=True)
class _Language:
    """How a language is named, labelled in fences, compiled and executed.

    ``timeout``: seconds of CPU time, compilation included.
    ``closes``: whether the tests begin with the brace that closes the function.
    ``own``: the function that the tests define themselves.
    """

    title: str
    labels: tuple[str, ...]
    file: str
    compile: tuple[str, ...] | None
    run: tuple[str, ...]
    needs: Mapping[str, str]
    timeout: float
    closes: bool = True
    own: str | None = None


LANGUAGES = {
    "cpp": _Language(
        "C++", ("cpp", "c++", "cc", "cxx", "c"), "program.cpp", ("g++", "-std=c++17", "program.cpp", "-o", "program"),
        ("./program",), {"g++": "apt-get install g++"}, 20.0, own="main",
    ),
    "cs": _Language(
        "C#", ("csharp", "cs", "c#"), "program.cs",
        ("mcs", "-d:DEBUG", "-r:System.Numerics.dll", "-main:EndingMain", "-out:program.exe", "program.cs",
         "listener.cs"),
        ("mono", "program.exe"), {"mcs": "apt-get install mono-mcs", "mono": "apt-get install mono-runtime"}, 15.0,
        own="Main",
    ),
    "java": _Language(
        "Java", ("java",), "Problem.java",
        ("javac", *(f"-J{option}" for option in _JVM), "-encoding", "UTF8", "-cp", _JAR, "Problem.java"),
        ("java", *_JVM, "-ea", "-cp", f".:{_JAR}", "Problem"),
        {"javac": _JDK, "java": _JDK, _JAR: "apt-get install libjavatuples-java"}, 20.0, own="main",
    ),
    "sh": _Language(
        "Bash", ("bash", "sh", "shell"), "program.sh", None, ("bash", "program.sh"),
        {"bash": "apt-get install bash", "bc": "apt-get install bc"}, 10.0,
    ),
    "ts": _Language(
        "TypeScript", ("typescript", "ts"), "program.ts",
        # tsc prints errors to standard output; version 6 made strict the default.
        ("sh", "-c", "GOMAXPROCS=2 tsc --target ES2015 --lib ES2015,DOM --strict false program.ts >&2"),
        ("node", "program.js"), {"tsc": "npm install -g typescript", **_NODE}, 20.0, closes=False, own="test",
    ),
    "js": _Language(
        "JavaScript", ("javascript", "js", "node"), "program.js", None, ("node", "program.js"), _NODE, 10.0,
        closes=False, own="test",
    ),
}  # fmt: skip


def _check(where: str, record: Record, wanted: str) -> None:
    check_texts(where, record, ("name", "language", "prompt", "tests"), "MultiPL-E")
    if record["language"] != wanted:
        raise BadInput(
            f"{where}: {record['name']} is in {record['language']!r}, but language is {wanted!r}; name its data"
        )


def read_problems(lines: Iterable[tuple[str, Record]], settings: Mapping[str, Any], template: str) -> Iterator[Record]:
    """Yield a problem for each record, in the order of the data.

    ``settings``: ``language``, a key of LANGUAGES.

    ``canonical_solution`` is null, because the data has none. Raises BadInput for an
    unknown language, a missing field, or data in another language.
    """
    name = settings.get("language")
    if name not in LANGUAGES:
        raise BadInput(f"multipl_e: language {name!r} is unknown; choose one of {', '.join(LANGUAGES)}")
    language = LANGUAGES[name]
    for where, record in lines:
        _check(where, record, name)
        code = record["prompt"]
        head = re.search(r"(\w+)\s*\([^\n]*\{\s*\Z", code)
        if head is None:
            raise BadInput(f"{where}: the prompt of {record['name']} does not end in a function's head; correct it")
        problem = {
            "id": record["name"], "kind": "multipl_e", "mode": "command", "canonical_solution": None,
            "prompt": fill_template(template, language=language.title, label=language.labels[0], code=code.rstrip()),
            "code_prompt": code, "entry_point": head[1], "tests": record["tests"], "language": name,
            "compile": language.compile and list(language.compile), "run": list(language.run),
            "timeout": language.timeout, "memory_mb": _MEMORY_MB, "needs": dict(language.needs),
        }  # fmt: skip
        # This task computes MD5, for which C++ programs use OpenSSL.
        if name == "cpp" and record["name"].startswith("HumanEval_162_"):
            problem["compile"].append("-lcrypto")
            problem["needs"]["/usr/include/openssl/md5.h"] = "apt-get install libssl-dev"
        yield problem


def _choose_block(response: str, problem: Record) -> str | None:
    """The first block in the problem's language that defines the function, else the first block in the language.

    Without a fence, the response from its first line of code on. None if all blocks are
    in other languages.
    """
    language, name = problem["language"], problem["entry_point"]
    if "```" in response:
        wanted = ("", *LANGUAGES[language].labels)
        blocks = [text for label, text in labelled_blocks(response) if label in wanted]
        defining = (text for text in blocks if find_function(text, name, language))
        return next(defining, blocks[0] if blocks else None)
    begin = _CODE.search(response) if find_function(response, name, language) else None
    return response[begin.start() if begin else 0 :]


def _drop_statements(code: str, place: int) -> str:
    """The code without the statements after the last function, that is, after the last line that begins with a brace.

    ``place``: the offset of the end of the function under test, which is kept in any
        case.

    An answer's examples may print, read or exit before the tests, which come last.
    """
    later = list(re.finditer(r"^\}.*$", code[place:], re.MULTILINE))
    return code[: place + later[-1].end()] if later else code[:place]


def _complete_function(text: str, problem: Record) -> str:
    """The answer if it defines the function; otherwise the prompt's function head with the
    answer as its body, and nothing after it.
    """
    name, language = problem["entry_point"], problem["language"]
    if find_function(text, name, language) is not None:
        return text
    code = f"{problem['code_prompt'].rstrip()}\n{text}"
    function = find_function(code, name, language)
    return code if function is None or function.end is None else code[: function.end]


def _append_tests(code: str, end: int | None, problem: Record) -> str:
    """The code followed by the tests.

    ``end``: the offset of the end of the function; None if it is not closed, because
        tests may begin with the closing brace.
    """
    closes, tests = LANGUAGES[problem["language"]].closes, problem["tests"].lstrip()
    if end is None:
        return f"{code.rstrip()}\n{'' if closes else '}'}\n{tests}\n"
    return f"{code.rstrip()}\n\n{tests.removeprefix('}') if closes else tests}\n"


def _class_program(code: str, problem: Record) -> str:
    """A Java or C# program: imports, a class Problem with the answer's members and the
    tests' main, the answer's other types.
    """
    name, language = problem["entry_point"], problem["language"]
    function = find_function(code, name, language)
    place = 0 if function is None else function.start
    imports = [line.strip() for line in _IMPORT.findall(code[:place])]
    code = _IMPORT.sub("", code[:place]) + code[place:]
    function = find_function(code, name, language)
    around = None if function is None else enclosing_class(code, function.start)
    if around is not None:
        function = find_function(around.inside, name, language)
    before, inside, after = around or ("", code, "")
    others = _PLACE.sub("", f"{before.strip()}\n{_drop_statements(after, 0).strip()}")
    if language == "java":
        others = _PUBLIC.sub("", others)
    head = [*problem["code_prompt"].partition("class Problem")[0].splitlines(), *imports]
    members = _append_tests(inside, function and function.end, problem)
    return "\n".join([*dict.fromkeys(head), "class Problem {", members, others.strip(), ""])


def _plain_program(code: str, problem: Record) -> str:
    """A program in another language: what the prompt has before the function's head, the answer's code, the tests."""
    name, language, prompt = problem["entry_point"], problem["language"], problem["code_prompt"]
    if language in SCRIPT_LANGUAGES:
        code = _MODULE.sub("", code)
    if language == "sh":
        code = shell_functions(code)
    function = find_function(code, name, language)
    end = function and function.end
    if end is not None and language != "sh":
        code = _drop_statements(code, end)
    head = prompt.rstrip().splitlines()[:-1]
    unions = re.findall(r"^union (\w+)", prompt, re.MULTILINE)
    if any(re.search(rf"\b{union}\s*\{{", blank_text(code)) for union in unions):
        head = [line for line in head if line.startswith("#")]  # the answer declares the prompt's types itself
    return "\n".join([*head, _append_tests(code, end, problem)])


def read_answer(response: str, problem: Record) -> dict[str, Any] | None:
    """The files of an answer's program, tests included; None if there is no code in the problem's language.

    An answer may contain the whole function, alone or in its class, with imports, other
    functions and its own main, or only the function's body.
    """
    language = LANGUAGES[problem["language"]]
    # Only characters that a text file can hold.
    plain = response.replace("\r\n", "\n").replace("\0", "?").encode("utf-8", "replace").decode()
    text = _choose_block(plain, problem)
    if text is None or not text.strip():
        return None
    if language.own:
        text = remove_functions(text, language.own, problem["language"])
    assemble = _class_program if problem["language"] in ("cs", "java") else _plain_program
    files = {language.file: assemble(_complete_function(text, problem), problem)}
    return {"files": {**files, "listener.cs": _LISTENER} if problem["language"] == "cs" else files}
