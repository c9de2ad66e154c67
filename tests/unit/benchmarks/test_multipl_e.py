"""MultiPL-E: correct and wrong answers in six languages are read, compiled and executed."""

import json
import time
from pathlib import Path

import pytest

from refinement.answers.functions import blank_text, enclosing_class, find_function, remove_functions, shell_functions
from refinement.benchmarks import multipl_e
from refinement.benchmarks.multipl_e import LANGUAGES, read_answer, read_problems
from refinement.benchmarks.record_types import PROBLEM
from refinement.benchmarks.requirements import find_missing, is_installed, skipped_execution
from refinement.completion.prompts import load_template
from refinement.records.errors import BadInput
from refinement.records.files import load_records, to_line
from refinement.sandbox import jail, pool
from refinement.sandbox.pool import check_program
from scripts.benchmarks.prepare_benchmark import arguments
from scripts.benchmarks.prepare_benchmark import main as prepare
from support.honest import read_lines

TEMPLATE = load_template("prompts/benchmarks/multipl_e.txt", *multipl_e.FIELDS)

# By language and number of HumanEval: a right function, and what makes it a wrong one.
SOLUTIONS = {
    "cpp": {
        51: ("""std::string remove_vowels(std::string text) {
    std::string kept;
    for (char c : text) {
        if (std::string("aeiouAEIOU").find(c) == std::string::npos) kept += c;  // no } of its own
    }
    return kept;
}""", "aeiouAEIOU", "aeiou"),
        8: ("""std::tuple<long, long> sum_product(std::vector<long> numbers) {
    long sum = 0, product = 1;
    for (long n : numbers) { sum += n; product *= n; }
    return std::make_tuple(sum, product);
}""", "product = 1", "product = 0"),
        31: ("""bool is_prime(long n) {
    for (long d = 2; d * d <= n; d++) if (n % d == 0) return false;
    return n > 1;
}""", "n > 1", "true"),
        30: ("""std::vector<long> get_positive(std::vector<long> l) {
    l.erase(std::remove_if(l.begin(), l.end(), [](long x) { return x <= 0; }), l.end());
    return l;
}""", "<= 0", "< 0"),
        111: ("""std::map<std::string,long> histogram(std::string test) {
    std::map<std::string, long> counts, most;
    std::istringstream words(test);
    long highest = 0;
    for (std::string word; words >> word;) highest = std::max(highest, ++counts[word]);
    for (auto& [word, count] : counts) if (count == highest) most[word] = count;
    return most;
}""", "count == highest", "count > 0"),
    },
    "cs": {
        51: ("""    public static string RemoveVowels(string text) {
        return new string(text.Where(c => !"aeiouAEIOU".Contains(c)).ToArray());
    }""", "aeiouAEIOU", "aeiou"),
        8: ("""    public static Tuple<long, long> SumProduct(List<long> numbers) {
        return Tuple.Create(numbers.Sum(), numbers.Aggregate(1L, (a, b) => a * b));
    }""", "1L,", "0L,"),
        31: ("""    public static bool IsPrime(long n) {
        for (long d = 2; d * d <= n; d++) { if (n % d == 0) { return false; } }
        return n > 1;
    }""", "n > 1", "true"),
        30: ("""    public static List<long> GetPositive(List<long> l) => l.Where(x => { return x > 0; }).ToList();
""", "x > 0", "x >= 0"),
        23: ("""    public static long Strlen(string str) {
        return str.Length;
    }""", "str.Length", "str.Trim('x').Length"),
    },
    "java": {
        51: ("""    public static String removeVowels(String text) {
        return text.replaceAll("[aeiouAEIOU]", "");
    }""", "aeiouAEIOU", "aeiou"),
        8: ("""    public static Pair<Long, Long> sumProduct(ArrayList<Long> numbers) {
        long sum = 0, product = 1;
        for (long n : numbers) { sum += n; product *= n; }
        return Pair.with(sum, product);
    }""", "product = 1", "product = 0"),
        31: ("""    public static boolean isPrime(long n) {
        for (long d = 2; d * d <= n; d++) if (n % d == 0) return false;
        return n > 1;
    }""", "n > 1", "true"),
        30: ("""    public static ArrayList<Long> getPositive(ArrayList<Long> l) {
        return l.stream().filter(x -> x > 0).collect(Collectors.toCollection(ArrayList::new));
    }""", "x > 0", "x >= 0"),
        111: ("""    public static HashMap<String,Long> histogram(String test) {
        HashMap<String, Long> counts = new HashMap<>();
        for (String word : test.split(" ")) if (!word.isEmpty()) counts.merge(word, 1L, Long::sum);
        long most = counts.values().stream().mapToLong(n -> n).max().orElse(0);
        counts.values().removeIf(n -> n < most);
        return counts;
    }""", "n < most", "n > most"),
    },
    "sh": {
        51: ("""remove_vowels() {
    echo "$1" | tr -d 'aeiouAEIOU'
}""", "AEIOU", ""),
        8: ("""sum_product() {
    local sum=0 product=1
    for n in $1; do sum=$((sum + n)); product=$((product * n)); done
    echo "$sum $product"
}""", "product=1", "product=0"),
        31: ("""is_prime() {
    local d
    if (( $1 < 2 )); then echo false; return; fi
    for ((d = 2; d * d <= $1; d++)); do
        if (( $1 % d == 0 )); then echo false; return; fi
    done
    echo true
}""", "< 2", "< 0"),
        30: ("""get_positive() {
    local kept=()
    for n in $1; do [ "$n" -gt 0 ] && kept+=("$n"); done
    echo "${kept[*]}"
}""", "-gt", "-ge"),
        12: ("""longest() {
    local best=None
    for word in $1; do
        if [ "$best" = None ] || [ ${#word} -gt ${#best} ]; then best=$word; fi
    done
    echo "$best"
}""", "-gt", "-ge"),
    },
    "ts": {
        51: ("""function remove_vowels(text: string): string {
  return text.replace(/[aeiou'"{]/gi, (c: string): string => c === "{" ? c : "");
}""", "gi", "g"),
        8: ("""const sum_product = (numbers: number[]): [number, number] => [
  numbers.reduce((a, b) => a + b, 0),
  numbers.reduce((a, b) => a * b, 1),
];""", "a * b, 1", "a * b, 0"),
        31: ("""export function is_prime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) { if (n % d === 0) { return false; } }
  return n > 1;
}""", "n > 1", "true"),
        30: ("""function get_positive(l: number[]): number[] {
  return l.filter((x) => x > 0);
}""", "x > 0", "x >= 0"),
        111: ("""function histogram(test: string): {[key: string]: number} {
  const counts: {[key: string]: number} = {};
  let most = 0;
  for (const word of test.split(" ").filter((w) => w !== "")) {
    counts[word] = (counts[word] || 0) + 1;
    most = Math.max(most, counts[word]);
  }
  Object.keys(counts).forEach((word) => { if (counts[word] < most) { delete counts[word]; } });
  return counts;
}""", "< most", "> most"),
    },
    "js": {
        12: ("""function longest(strings){
  // the first of the longest, as `sort` keeps their order }
  return [...strings].sort((a, b) => b.length - a.length)[0];
}""", "b.length - a.length", "a.length - b.length"),
        8: ("""const sum_product = function (numbers) {
  return [numbers.reduce((a, b) => a + b, 0), numbers.reduce((a, b) => a * b, 1)];
};""", "a * b, 1", "a * b, 0"),
        31: ("""function is_prime(n){
  for (let d = 2; d * d <= n; d++) { if (n % d === 0) { return false; } }
  return n > 1;
}""", "n > 1", "true"),
        30: ("""function get_positive(l){
  return l.filter((x) => x > 0);
}""", "x > 0", "x >= 0"),
        111: ("""function histogram(test){
  const counts = {};
  for (const word of test.split(" ")) if (word) counts[word] = (counts[word] ?? 0) + 1;
  const most = Math.max(...Object.values(counts));
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n === most));
}""", "n === most", "n > 0"),
    },
}  # fmt: skip

# Of HumanEval/23, the length of a string: a body, and an answer's surroundings of its own.
BODIES = {
    "cpp": "    return string.size();\n",
    "cs": "        return str.Length;\n",
    "java": "        return string.length();\n",
    "sh": '    echo "${#1}"\n',
    "ts": "  return string.length;\n",
    "js": "  return string.length;\n",
}
DRESSED = {
    "cpp": """#include <iostream>
using namespace std;
long counted(const string& s);

long string_length(std::string string)
{
    const char brace = '}';  /* } */
    return brace == '}' ? counted(string) : -1;
}

long counted(const string& s) {
    return s.size();
}

int main(int argc, char** argv) {
    cout << string_length("abc") << endl;
    return 3;
}""",
    "cs": """using System;
using System.Collections;

namespace Answers {
    public class Counter {
        public static long Count(string s) { return s.Length; }
    }

    public class Solution {
        private static readonly string Brace = @"\\" + "}";
        /// <summary>Counts; see Strlen(string) { }.</summary>
        public static long Strlen(string str) {
            return Brace.Length == 2 ? Helper(str) : -1;
        }

        private static long Helper(string s) { return Counter.Count(s); }

        public static void Main(string[] args) {
            Console.WriteLine(Strlen("abc"));
            Environment.Exit(3);
        }
    }
}""",
    "java": """import java.util.function.*;

public class Solution {
    static final char BRACE = '}'; // }

    public static void main(String[] args) {
        System.out.println(strlen("abc"));
        System.exit(3);
    }

    public static long strlen(String string) {
        return BRACE == '}' ? helper(string) : -1;
    }

    private static long helper(String s) { return Counter.count(s); }
}

class Counter {
    static long count(String s) { return s.length(); }
}""",
    "sh": """#!/bin/bash
if [ $# -eq 0 ]; then
    echo "usage: $0 text" >&2
    exit 3
fi

count() { local s=$1; echo "${#s}"; }

function strlen() {
    local text="}"
    text=$1
    if [ -n "$text" ]; then {
        count "$text"
    }
    else
        count ""
    fi
}

strlen "$1"
exit 3""",
    "ts": """import * as assert from "assert";
declare const process: any;
const brace: string = `}`;

export function strlen(string: string): number {
  const found: { [key: string]: number } = { size: count(string) };
  return brace === "}" ? found["size"] : -1;
}

function count(s: string): number {
  return s.length;
}

function test(): void {
  process.exit(3);
}

console.log(strlen("abc"));
process.exit(3);
export default strlen;""",
    "js": """const assert = require("assert");
const brace = /}/;

const strlen = (string) => {
  return brace.test("}") ? count(string) : -1;
};

function count(s) {
  return s.length;
}

console.log(strlen("abc"));
process.exit(3);
module.exports = { strlen };""",
}
WRONG = {
    "cpp": ("    return 0;", "    string.size();\n    abort();", "    return string.sise();"),
    "cs": ("        return 0;", "        throw new NotImplementedException();", "        return str.Size();"),
    "java": ("        return 0;", "        throw new RuntimeException();", "        return string.size();"),
    "sh": ("    echo 0", "    return 0", "    if then"),
    "ts": ("  return 0;", "  throw new Error();", "  return string.length + string;"),
    "js": ("  return 0;", "  throw new Error();", "  return string.size("),
}

every_language = pytest.mark.parametrize("language", LANGUAGES)


def problems_of(language):
    """A language's problems by their number in HumanEval; skips the test if the data is missing."""
    name = f"multipl-e/humaneval-{language}.jsonl.gz"
    lines = ((f"{name}:{number}", line) for number, line in enumerate(read_lines(name), start=1))
    return {int(problem["id"].split("_")[1]): problem for problem in
            read_problems(lines, {"language": language}, TEMPLATE)}  # fmt: skip


def runnable(language):
    """The same problems; also skips the test if their requirements are missing."""
    problems = problems_of(language)
    needs = {need: how for problem in problems.values() for need, how in problem["needs"].items()}
    if missing := find_missing(needs):
        pytest.skip("; ".join(f"no {need}: {needs[need]}" for need in missing))
    return problems


def fenced(language, text, rest=""):
    return f"Here it is:\n\n```{LANGUAGES[language].labels[0]}\n{text}\n```\n{rest}"


def judge(answers):
    """Executions of answers, given as name, response and problem, on two workers; equal programs are executed once."""
    programs, named = {}, {}
    for name, response, problem in answers:
        given = read_answer(response, problem)
        assert given is not None, name
        named[name] = to_line([problem["id"], given])
        programs[named[name]] = {**problem, **given, "id": name}
    runs = dict(zip(programs, pool.execute_all(list(programs.values()), 2), strict=True))
    return {name: runs[key] for name, key in named.items()}


@every_language
def test_right_functions_pass_and_wrong_ones_fail(language):
    problems = runnable(language)
    answers = []
    for number, (right, old, new) in SOLUTIONS[language].items():
        assert right.count(old) == 1
        answers.append((f"right {number}", fenced(language, right), problems[number]))
        answers.append((f"wrong {number}", fenced(language, right.replace(old, new)), problems[number]))
    runs = judge(answers)
    assert len(runs) == 10
    for name, run in runs.items():
        assert run["verdict"] == ("passed" if name.startswith("right") else "failed"), run


@every_language
def test_answers_of_every_form(language):
    problem = runnable(language)[23]
    head = problem["code_prompt"].rstrip("\n") + "\n"
    indent = "    " if language in ("cs", "java") else ""
    body = BODIES[language]
    whole = f"{head}{body}{indent}}}"
    closed = f"{whole}\n}}" if indent else whole
    right = {
        "dressed": fenced(language, DRESSED[language], "It counts.\n\n```text\n3\n```"),
        "whole": fenced(language, closed, "It works as follows: `}` ends it."),
        "whole, class not closed": fenced(language, whole),
        "label missing": f"```\n{closed}\n```",
        "another language first": "```python\nlen('abc')\n```\n" + fenced(language, closed),
        "fence not closed": f"Sure.\n```{LANGUAGES[language].labels[-1]}\n{closed}",
        "function not closed": fenced(language, head + body.rstrip("\n")),
        "no fence": closed,
        "no fence, with words": f"Sure, this is it:\n\n{closed}\n\nIt counts.",
        "body": body,
        "body in a fence": fenced(language, body),
        "body, its end and words": f"{body}{indent}}}\n\nThat is all (it counts).",
        "line ends of another system": fenced(language, closed).replace("\n", "\r\n"),
    }
    wrong = {
        **{f"wrong {line.strip()}": fenced(language, f"{head}{line}\n{indent}}}") for line in WRONG[language]},
        "no body": fenced(language, f"{head}{indent}}}"),
        "prose": "I am sorry, but I cannot help with that.",
        "another function": fenced(language, whole.replace(f"{problem['entry_point']}(", "another(")),
    }
    runs = judge([(name, response, problem) for name, response in {**right, **wrong}.items()])
    for name in right:
        assert runs[name]["verdict"] == "passed", (runs[name], read_answer(right[name], problem))
    for name in wrong:
        assert runs[name]["verdict"] in ("failed", "error"), runs[name]


@every_language
def test_an_answer_without_code_has_no_program(language):
    problem = problems_of(language)[23]
    for response in ("", " \n", "```\n```", f"```{LANGUAGES[language].labels[0]}\n\n```", "```rust\nfn main() {}\n```"):
        assert read_answer(response, problem) is None


@every_language
def test_every_prompt_of_the_data_is_a_function_that_is_not_closed(language):
    problems = problems_of(language)
    assert len(problems) == {"cpp": 161, "cs": 158, "java": 158, "sh": 158, "ts": 159, "js": 161}[language]
    for problem in problems.values():
        function = find_function(problem["code_prompt"], problem["entry_point"], language)
        assert function is not None and function.end is None, problem["id"]
        assert problem["code_prompt"].rstrip() in problem["prompt"] and problem["canonical_solution"] is None


def test_types_in_both_prompt_and_answer_are_declared_once():
    problem = problems_of("cpp")[103]
    assert "union Union_std_string_long" in problem["code_prompt"]
    body = '    if (n > m) return -1;\n    return std::string("0b1");\n}'
    for answer in (problem["code_prompt"] + body, "Union_std_string_long rounded_avg(long n, long m) {\n" + body):
        (text,) = read_answer(fenced("cpp", answer), problem)["files"].values()
        assert text.count("union Union_std_string_long{") == 1 and text.count("rounded_avg(long") == 1


def test_a_program_that_exits_before_its_tests_does_not_pass():
    """A script may have statements beside the function."""
    texts = {
        "sh": "exit 0\nstrlen() {\n    echo 1\n}\nexit 0",
        "js": "function strlen(string) {\n  return 1;\n}\nprocess.exit(0);",
    }
    answers = [(language, fenced(language, text), runnable(language)[23]) for language, text in texts.items()]
    assert [run["verdict"] for run in judge(answers).values()] == ["failed", "failed"]


def test_problems_whose_tests_fail_correct_answers():
    """Tests that call a method of null, compare dictionaries by identity, or split lines at two letters."""
    answers = {
        ("cs", 12): """    public static string Longest(List<string> strings) {
        return strings.OrderByDescending(s => s.Length).FirstOrDefault();
    }""",
        ("cs", 111): """    public static Dictionary<string,long> Histogram(string test) {
        var counts = test.Split(' ').Where(w => w != "").GroupBy(w => w).ToDictionary(g => g.Key, g => g.LongCount());
        return counts.Where(p => p.Value == counts.Values.Max()).ToDictionary(p => p.Key, p => p.Value);
    }""",
        ("sh", 111): """histogram() {
    tr ' ' '\\n' <<< "$1" | sort | uniq -c | awk '$2 != "" { n[$2] = $1; if ($1 > m) m = $1 }
        END { for (w in n) if (n[w] == m) print w "," n[w] }' | sort
}""",
        ("js", 51): """function remove_vowels(text){
  return text.replace(/[aeiou]/gi, "");
}""",
    }
    runs = judge([(f"{language} {number}", fenced(language, text), runnable(language)[number])
                  for (language, number), text in answers.items()])  # fmt: skip
    assert {run["verdict"] for run in runs.values()} == {"failed"}


def test_a_program_inside_a_bash_function_does_not_end_it():
    right = """has_close_elements() {
    # prints true or false, doesn't return
    tr ' ' '\\n' <<< "$1" | awk -v limit="$2" '
{ n[NR] = $1 }
END {
    for (i in n) for (j in n) if (i < j) {
        if ((n[i] - n[j]) ^ 2 < limit ^ 2) close_ones = 1
}
    print close_ones ? "true" : "false"
}
'
}
has_close_elements "1.0 2.0" 0.5"""
    problem = runnable("sh")[0]
    wrong = right.replace("< limit", "> limit")
    runs = judge([("right", fenced("sh", right), problem), ("wrong", fenced("sh", wrong), problem)])
    assert {name: run["verdict"] for name, run in runs.items()} == {"right": "passed", "wrong": "failed"}, runs


@pytest.mark.parametrize("language", ["ts", "js"])
def test_nested_templates_do_not_hide_the_end_of_a_function(language):
    right = """const strlen = (string) => { const quoted = s => /["'{]/.test(s); return quoted(string) ? 0 : count(string); };
function count(s) {
  return `${s.split("").map((c) => `{${c}`).join("")}`.length / 2;
}
throw new Error("only an example");"""
    problem = runnable(language)[23]
    wrong = right.replace("/ 2", "")
    runs = judge([("right", fenced(language, right), problem), ("wrong", fenced(language, wrong), problem)])
    assert {name: run["verdict"] for name, run in runs.items()} == {"right": "passed", "wrong": "failed"}, runs


def test_brackets_in_strings_and_comments_are_blanked():
    code = 'a = "{" + \'}\' + `${x} {` /* { */ // }\nb = s.replace(/[/}]/g, "\\"}");'
    assert "{" not in blank_text(code) and "}" not in blank_text(code) and len(blank_text(code)) == len(code)
    assert blank_text("1'000'000 / 2 / 3") == "1 000 000 / 2 / 3"
    assert blank_text("f( /* w/o { */ b); // a/b {\nx = `${`").rstrip() == f"f({' ' * 12} b); {' ' * 8}\nx ="
    assert blank_text('x = @"\\" + R"a(")})a" + """\n"}""";').strip().startswith("x =") and "}" not in blank_text(
        'R"a(")})a"'
    )


@pytest.mark.parametrize(
    ("language", "code", "text"),
    [
        ("cpp", "bool f(int);\nint g() { if (f(1)) { return 2; } }\nbool f(int x)\n{ return {x}; } int h;", "bool f(int x)\n{ return {x}; }"),
        ("cpp", "auto f(std::vector<int> a = {1}) -> int { return 1; }", "auto f(std::vector<int> a = {1}) -> int { return 1; }"),
        ("cpp", "  return f(x);\n}", None),
        ("cpp", "std::vector<int>\nf(int x) { }\n", "std::vector<int>\nf(int x) { }"),
        ("cpp", "int& f(int x) { }", "int& f(int x) { }"),
        ("cpp", "if (f(x)) { }\nint y = f(x); { }\nelse f (x) { }", None),
        ("java", "  <T> List<T> f(T[] a) throws E { if (a) { } }\n}", "  <T> List<T> f(T[] a) throws E { if (a) { } }"),
        ("cs", "int f(int x) => g(y => { return y; });\nint h;", "int f(int x) => g(y => { return y; });"),
        ("ts", "function f(a: {b: number}): {c: number} | {d: string} { return {c: 1}; }\n", "function f(a: {b: number}): {c: number} | {d: string} { return {c: 1}; }"),
        ("ts", "const f: (a: number) => number = (a) => {\n  return a;\n}\nf(1)", "const f: (a: number) => number = (a) => {\n  return a;\n}"),
        ("js", "let f = x => x + 1; f(2);", "let f = x => x + 1;"),
        ("js", "const f = s => { const t = s => /[\"']/.test(s); return t(s); }\nf(2)", "const f = s => { const t = s => /[\"']/.test(s); return t(s); }"),
        ("js", "const f = s =>\n  /['{]/.test(s);\nf(2)", "const f = s =>\n  /['{]/.test(s);"),
        ("js", "const f = (a) => `{${a.map(x => `{${x} ${`}${'`'}`}`)}`;\nf(2)", "const f = (a) => `{${a.map(x => `{${x} ${`}${'`'}`}`)}`;"),
        ("ts", "function f(a) { return `${a.map(x => { return /[`}]/.test(x) ? `{${x}` : `\\${` })}{`; }\nf(2)", "function f(a) { return `${a.map(x => { return /[`}]/.test(x) ? `{${x}` : `\\${` })}{`; }"),
        ("js", "f(1); if (x) { f(2) }", None),
        ("sh", "f() { echo ${#1}; }\nf", "f() { echo ${#1}; }"),
        ("sh", "  f ()\n  {\n    g() {\n      echo }\n    }\n  }\nf", "  f ()\n  {\n    g() {\n      echo }\n    }\n  }"),
        ("sh", "f x\ng() {\n}", None),
        ("sh", "f() {\n  awk '{\n  if (x) {\n}\n}' <<< $1\n}\nf", "f() {\n  awk '{\n  if (x) {\n}\n}' <<< $1\n}"),
        ("sh", "f() {\n  awk \"\n{ x[\\\"\n}\n\" -\n}\nf", "f() {\n  awk \"\n{ x[\\\"\n}\n\" -\n}"),
        ("sh", "f() {\n  cat <<-'END' | bc\nx() { don't\n}\n\tEND\n}\nf", "f() {\n  cat <<-'END' | bc\nx() { don't\n}\n\tEND\n}"),
        ("sh", "f() {\n  x=\"$(awk '{\n}' <<< \"${1//\"\n}'\"/a}\")\"\n}\nf", "f() {\n  x=\"$(awk '{\n}' <<< \"${1//\"\n}'\"/a}\")\"\n}"),
        ("sh", "f() {\n  # don't\n  tr \\' $'\\'' <<< $((1 << x)) # isn't\n}\n'f'", "f() {\n  # don't\n  tr \\' $'\\'' <<< $((1 << x)) # isn't\n}"),
        ("sh", "f() {\n  echo \"\n}\nf", "f() {\n  echo \"\n}"),
    ],
)  # fmt: skip
def test_where_a_function_ends(language, code, text):
    found = find_function(code, "f", language)
    assert (found and code[found.start : found.end]) == text


def test_a_class_and_the_code_around_it():
    code = "using A;\nnamespace N { class B { } /* class X */ sealed class C : B { int f() { } class D { } } class E { } } class F { }"
    before, inside, after = enclosing_class(code, code.index("int f"))
    assert before.strip().startswith("class B { }") and inside.strip() == "int f() { } class D { }"
    assert after.strip() == "class E { }"
    assert enclosing_class("int f() { }", 0) is None
    assert enclosing_class("class A { int f() {", 10).after == ""


def test_only_functions_of_a_shell_script_are_kept():
    assert (
        shell_functions('set -e\na() {\n  b\n}\nfunction c {\n  d\n}\na "$1"\nexit')
        == "a() {\n  b\n}\nfunction c {\n  d\n}"
    )


def test_functions_that_the_tests_define_are_removed():
    code = "function f(x) {\n  const test = (y) => {\n    return y;\n  };\n  return test(x);\n}\nconst test = () => {\n};\n"
    assert remove_functions(code, "test", "js").rstrip() == code.partition("\nconst test")[0]
    code = "int f() { }\nint main() { f(); }\nint main(int n) { }\nint g() { }"
    assert remove_functions(code, "main", "cpp").split("\n") == ["int f() { }", "", "", "int g() { }"]


@every_language
def test_every_program_can_be_written_to_a_file(language):
    (problem,) = read_problems([("d:1", {**RECORD, "language": language})], {"language": language}, TEMPLATE)
    check_program({**problem, **read_answer(fenced(language, "a\0b\ud800c"), problem)})


ENDLESS = ("'", "$(", "<<a\n", "<<a", "f() {\n\"$(<<a\n", " ", "\n", "\t", "f(", "int f(", "{", "/", "[a]", "= /[a]", '"', 'R"(', "/*", "${", "`", "`${", "> /",  "f() {", "function ",
           "using ", "class ", "int f(int x) { // ")  # fmt: skip


@every_language
def test_endless_or_meaningless_answers_are_read_quickly(language):
    (problem,) = read_problems([("d:1", {**RECORD, "language": language})], {"language": language}, TEMPLATE)
    for text in ENDLESS:
        began = time.process_time()
        read_answer(fenced(language, text * (10_000 // len(text))), problem)
        assert time.process_time() - began < 2, text


RECORD = {"name": "HumanEval_0_f", "language": "js", "prompt": "function f(x){\n", "tests": "f(1);"}


@pytest.mark.parametrize(
    ("settings", "changes", "message"),
    [
        ({"language": "cobol"}, {}, "multipl_e: language 'cobol' is unknown; choose one of cpp, cs, java, sh, ts, js"),
        ({}, {}, "multipl_e: language None is unknown; choose one of cpp, cs, java, sh, ts, js"),
        ({"language": "ts"}, {}, "d.jsonl:7: HumanEval_0_f is in 'js', but language is 'ts'; name its data"),
        ({"language": "js"}, {"tests": None}, "d.jsonl:7: field 'tests' must be a text; is this a file of MultiPL-E?"),
        ({"language": "js"}, {"prompt": "f"}, "d.jsonl:7: the prompt of HumanEval_0_f does not end in a function's head; correct it"),
    ],
)  # fmt: skip
def test_bad_input_is_named(settings, changes, message):
    with pytest.raises(BadInput) as caught:
        list(read_problems([("d.jsonl:7", {**RECORD, **changes})], settings, TEMPLATE))
    assert str(caught.value) == message


@every_language
def test_requirements_are_named_with_how_to_install_them(language):
    record = {**RECORD, "language": language}
    (problem,) = read_problems([("d:1", record)], {"language": language}, TEMPLATE)
    words = [problem["run"][0], (problem["compile"] or ["sh"])[0]]
    assert {Path(word).name for word in words} <= {"sh", "program", *problem["needs"]}
    assert all(how.startswith(("apt-get install ", "npm install ")) for how in problem["needs"].values())


def test_a_missing_toolchain_is_not_a_failure(monkeypatch):
    """Commands and files are searched for on the path that programs see."""
    (problem,) = read_problems([("d:1", {**RECORD, "language": "java"})], {"language": "java"}, TEMPLATE)
    monkeypatch.setitem(jail.ENVIRONMENT, "PATH", "/nowhere")
    is_installed.cache_clear()
    run = skipped_execution({**problem, "id": "p"})
    is_installed.cache_clear()
    assert run["verdict"] == "not_run" and "javac: not installed here (apt-get install default-jdk" in run["error"]
    assert find_missing(["/nowhere/to/be.found", __file__]) == ["/nowhere/to/be.found"]


def test_the_step_converts_data_into_problems(tmp_path):
    data, output = tmp_path / "humaneval-js.jsonl", tmp_path / "problems.jsonl"
    data.write_text(json.dumps(RECORD) + "\n")
    line = ["--kind", "multipl_e", "--source", str(data), "--template", "prompts/benchmarks/multipl_e.txt",
            "--output", str(output), "--about", str(tmp_path / "about.json")]  # fmt: skip
    prepare(arguments().parse_args([*line, "--settings", '{"language": "js"}']))
    (problem,) = load_records([output], PROBLEM)
    assert problem["id"] == "HumanEval_0_f" and problem["entry_point"] == "f" and problem["mode"] == "command"
    with pytest.raises(BadInput, match=r"humaneval-js\.jsonl:1: HumanEval_0_f is in 'js', but language is 'cpp'"):
        prepare(arguments().parse_args([*line, "--settings", '{"language": "cpp"}']))
    with pytest.raises(BadInput, match="--settings.language: 'cobol' is not available; choose one of cpp,"):
        prepare(arguments().parse_args([*line, "--settings", '{"language": "cobol"}']))
