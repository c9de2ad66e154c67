"""The Test Leakage Indicator is what its definition says, whatever the texts; bad input is one line."""

import gzip
import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinement.leakage import index as leakage_index
from refinement.leakage import matching
from refinement.leakage.definition import grams_of, shared_grams, similarity, stretch
from refinement.leakage.index import Benchmark, Index
from refinement.leakage.measure import LeakCriterion, Measure, measure
from scripts.leakage.plot_leakage import points
from support.honest import DATA, read_lines
from workflow.test_bad_input import fails, step, write

COPY = "Write a function to find the sum of all the numbers in a list."


def padded_grams(text, n):
    """nltk's ngrams with padding on both sides, written down a second time."""
    row = ["\ue000"] * (n - 1) + text.split() + ["\ue001"] * (n - 1)
    return [tuple(row[i : i + n]) for i in range(len(row) - n + 1)]


def plain_grams(text, n):
    tokens = text.split()
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def direct(questions, records, k, grams):
    """leak(t) of each question, by comparing every pair."""
    known = [set(grams(record, 4)) | set(grams(record, 5)) for record in records]
    for question in questions:
        own = set(grams(question, 4)) | set(grams(question, 5))
        values = sorted((len(own & other) / len(own) if own else 0.0 for other in known), reverse=True)[:k]
        yield sum(values) / len(values)


def split(questions, parts):
    bounds = np.linspace(0, len(questions), parts + 1).astype(int)
    return [
        Benchmark(f"b{i}", list(map(str, range(low, high))), questions[low:high])
        for i, (low, high) in enumerate(pairwise(bounds))
    ]


token = st.sampled_from(["a", "b", "A", "é", "e\u0301", "漢", "<s>", "</s>", "\ue000x", "🙂"])
text = st.lists(token, max_size=14).map(" ".join) | st.text(max_size=12) | st.just("a b c d e " * 3)


@given(
    st.lists(text, min_size=2, max_size=8), st.lists(text, min_size=1, max_size=25), st.integers(1, 30),
    st.integers(1, 3), st.sampled_from([0, 2, 1000]), st.integers(1, 7),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_the_value_is_that_of_the_definition(questions, records, k, nearest, common, size):
    before = leakage_index.COMMON, matching.BLOCK
    leakage_index.COMMON, matching.BLOCK = common, 3
    try:
        index = Index(split(questions, 2))
        found = Measure(index, k=k, nearest=nearest, top=5, criterion=LeakCriterion(0.5))
        for start in range(0, len(records), size):
            found.add(records[start : start + size])
    finally:
        leakage_index.COMMON, matching.BLOCK = before
    assert found.leak() == pytest.approx(list(direct(questions, records, k, padded_grams)), abs=1e-12)
    assert found.leak(padded=False) == pytest.approx(list(direct(questions, records, k, plain_grams)), abs=1e-12)
    table = np.array([[similarity(question, record) for record in records] for question in questions])
    for number, row in enumerate(table):
        order = [i for i in np.lexsort((np.arange(len(row)), -row)) if row[i] > 0][:nearest]
        assert list(found.nearest(number)) == [(i, row[i]) for i in order]
        assert all(found.texts[i] == records[i] for i in order)
    for number, record in enumerate(records):
        assert index.similarities(record).tolist() == table[:, number].tolist()
    assert found.questions_leaked.tolist() == (table.max(axis=1) >= 0.5).tolist()
    for place, (low, high) in enumerate(pairwise(index.bounds)):
        highest = table[low:high].max(axis=0)
        order = np.lexsort((np.arange(len(records)), -highest))[:5]
        assert found.top_records[place].record.tolist() == order.tolist()
        assert found.top_records[place].similarity.tolist() == highest[order].tolist()
        assert (found.top_records[place].question - low).tolist() == table[low:high, order].argmax(axis=0).tolist()
        assert found.records_leaked[place] == (highest >= 0.5).sum() and found.histogram[place].sum() == len(records)


def test_the_symbols_are_those_of_nltk():
    ngrams = pytest.importorskip("nltk.util").ngrams
    for line in ("", "a", "a b c d e f", "x x x x x x x"):
        for n in (4, 5):
            expected = ngrams(line.split(), n, pad_left=True, pad_right=True,
                              left_pad_symbol="\ue000", right_pad_symbol="\ue001")  # fmt: skip
            assert list(expected) == padded_grams(line, n)


def test_short_and_empty_texts():
    assert len(grams_of("")) == 7 and grams_of("", padded=False) == set()
    assert similarity("", "") == 1 and similarity("", "a") == 0 and similarity("", "", padded=False) == 0
    assert similarity("a", "a") == 1 and similarity("a", "A") == 0
    assert similarity("<s> a", "a") < 1 and similarity("a </s>", "a") < 1
    index = Index([Benchmark("b", ["1", "2"], ["", "a b"])])
    assert measure([""], index).leak().tolist() == [1, 0]
    assert measure([], index).leak().tolist() == [0, 0]


def test_shared_grams_read_in_the_order_of_the_question():
    assert shared_grams("a b c d e", "b c d e f") == ["b c d e"]
    grams = shared_grams("a b c d", "a b c d")
    assert grams[0] == "<s> <s> <s> <s> a" and grams[-1] == "d </s> </s> </s> </s>"
    assert len(grams) == len(grams_of("a b c d")) == len(set(grams))


def test_padding_inflates_short_questions():
    question = "Write a function to sort the list."
    assert similarity(question, "Write a program that draws a tree.") > 0.1
    assert similarity(question, "Write a program that draws a tree.", padded=False) == 0


def test_all_grams_without_a_stretch_are_no_copy():
    question = "Write solve(xs) for a list of integers: drop the multiples of 5, then return the largest or 0."
    other = (
        "Write solve(xs) for a list of integers: drop the multiples of 3, then drop the odd numbers, then drop the "
        "multiples of 5, then return the largest or 0."
    )
    assert similarity(question, other) == 1 and 0.5 < stretch(question, other) < 1
    index = Index([Benchmark("b", ["1", "2"], [question, other])])
    for needed, leaked in ((0.0, [[0], [-1]]), (1.0, [[-1], [-1]])):
        found = Measure(index, criterion=LeakCriterion(1.0, needed))
        assert found.add([other + " And more.", "Something else."]).tolist() == [[-1], [-1]]
        assert found.add([other.replace("3", "7"), "Something else."]).tolist() == leaked
    copied = Measure(index, criterion=LeakCriterion(1.0, 1.0))
    assert copied.add([other]).tolist() == [[1]] and copied.questions_leaked.tolist() == [False, True]


def real(name):
    """Questions or instructions of public data, where they are; skips where not."""
    if name == "gpteacher":
        path = DATA / "leakage" / "gpteacher" / "codegen-instruct.json.gz"
    elif name == "p3":
        path = DATA / "leakage" / "p3" / "puzzles.json"
    else:
        path, field = {
            "exercism": ("leakage/exercism/exercism.jsonl", "instruction"),
            "humaneval": ("humaneval/HumanEval.jsonl.gz", "prompt"),
            "mbpp": ("mbpp/mbpp.jsonl", "text"),
            "bigcodebench": ("bigcodebench/BigCodeBench.hf.jsonl.gz", "instruct_prompt"),
        }[name]
        return [record[field] for record in read_lines(path)]
    if not path.exists():
        pytest.skip(f"no {path}: the data are not part of the project; BENCHMARK_DATA names their folder")
    data = path.read_bytes()
    records = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    if name == "p3":
        return [record["sol_docstring"] for record in records]
    return [f"{record['instruction']} {record['input']}" for record in records]


def by_records(questions, records, grams):
    """The highest similarity of each question, through the records of each gram: a direct evaluation that ends today."""
    having = {}
    for number, record in enumerate(records):
        for gram in set(grams(record, 4)) | set(grams(record, 5)):
            having.setdefault(gram, []).append(number)
    for question in questions:
        own = set(grams(question, 4)) | set(grams(question, 5))
        counts = Counter(number for gram in own for number in having.get(gram, ()))
        yield max(counts.values(), default=0) / max(len(own), 1)


@pytest.mark.parametrize("name", ["gpteacher", "exercism", "p3"])
def test_real_data_have_the_value_of_the_definition(name):
    records = real(name)
    benchmarks = [Benchmark(b, [], real(b)) for b in ("humaneval", "mbpp", "bigcodebench")]
    found = measure(records, Index(benchmarks))
    questions = [question for benchmark in benchmarks for question in benchmark.questions]
    for padded, grams in ((True, padded_grams), (False, plain_grams)):
        expected = list(by_records(questions, records, grams))
        assert np.abs(found.leak(padded) - expected).max() <= 1e-12
        assert sum(expected) > 0


def test_p3_tends_to_humaneval_as_no_other_set_does():
    """Told anew, its tasks have a low TLI; beside that on other questions, and of other data, it still stands out."""
    index = Index([Benchmark(name, [], real(name)) for name in ("humaneval", "mbpp")])
    first, tilt, padded = index.bounds[1], {}, {}
    for name in ("gpteacher", "exercism", "p3"):
        found = measure(real(name), index)
        leak = found.leak(padded=False)
        tilt[name] = leak[:first].mean() / leak[first:].mean()
        padded[name] = found.leak()[:first].mean()
    assert tilt["p3"] > 5 * max(tilt["gpteacher"], tilt["exercism"])
    assert padded["p3"] > 1.5 * max(padded["gpteacher"], padded["exercism"])


def p3_against(field, benchmark_field):
    questions = [task[benchmark_field] for task in read_lines("humaneval/HumanEval.jsonl.gz")]
    records = json.loads((DATA / "leakage" / "p3" / "puzzles.json").read_text())
    texts = [field(record) for record in records if field(record)]
    modules = [record["module"] for record in records if field(record)]
    found = measure(texts, Index([Benchmark("humaneval", [], questions)]), nearest=1)
    nearest = {n: next(found.nearest(n), (None, 0)) for n in range(len(questions))}
    return {n: (modules[record], value) for n, (record, value) in nearest.items() if record is not None}


def test_p3_leaks_into_humaneval_by_its_solutions_and_is_not_seen_by_its_questions():
    by_question = p3_against(lambda record: record["sol_docstring"], "prompt")
    assert max(value for _, value in by_question.values()) < 0.2  # told anew: a paraphrase is not seen
    by_solution = p3_against(lambda record: " ".join(record["sol_bodies"]), "canonical_solution")
    leaked = [module for module, value in by_solution.values() if value >= 0.5]
    assert leaked and set(leaked) == {"human_eval.py"}


@pytest.mark.parametrize(("name", "field", "naming"), [("p3", "sol_docstring", 795), ("exercism", "instruction", 0)])
def test_p3_is_flagged_for_humaneval_by_what_it_says_of_itself(tmp_path, name, field, naming):
    path = DATA / "leakage" / name / {"p3": "puzzles.json"}.get(name, f"{name}.jsonl")
    if not path.exists():
        pytest.skip(f"no {path}: the data are not part of the project; BENCHMARK_DATA names their folder")
    benchmark = DATA / "humaneval" / "HumanEval.jsonl.gz"
    done = measured(tmp_path, path, benchmark, "--benchmark-mention", "human[-_ ]?eval", field=field)
    assert done.returncode == 0, done.stderr
    found = result(tmp_path)
    assert found["records_naming"] == naming and found["flagged"] == (naming > 0)
    assert done.stdout.rstrip().endswith("FLAGGED") == (naming > 0)


# The command line.


def measured(tmp_path, train, benchmark=None, *more, field="instruction"):
    benchmark = benchmark or write(tmp_path / "questions.jsonl", {"id": "q", "prompt": COPY})
    return step("measure_leakage", "--train", train, "--train-field", field, "--benchmark", f"b={benchmark}",
                "--benchmark-field", "prompt", *more, "--output", tmp_path / "out.json")  # fmt: skip


def result(tmp_path):
    (found,) = json.loads((tmp_path / "out.json").read_text())["results"]
    return found


RECORDS = [{"id": "a", "instruction": "Something else."}, {"id": "b", "instruction": COPY}]
CHAT = [
    {"messages": [{"role": "user", "content": "Write a function"}, {"role": "assistant", "content": "What for?"},
                  {"role": "user", "content": COPY.removeprefix("Write a function ")}]},
    {"messages": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": COPY}]},
]  # fmt: skip


def as_parquet(path, records):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
    return path


def as_gzip(path, source):
    path.write_bytes(gzip.compress(source.read_bytes()))
    return path


@pytest.mark.parametrize("records", [RECORDS, CHAT], ids=["fields", "messages"])
def test_every_format_gives_the_same(tmp_path, records):
    lines = write(tmp_path / "a.jsonl", *records)
    array = tmp_path / "a.json"
    array.write_text(json.dumps(records, indent=1))
    parquet = as_parquet(tmp_path / "a.parquet", records)
    found = []
    for path in (lines, array, parquet, *(as_gzip(tmp_path / f"{p.name}.gz", p) for p in (lines, array, parquet))):
        run = measured(tmp_path, f"set={path}", field="messages" if records is CHAT else "instruction")
        assert run.returncode == 0, run.stderr
        found.append(result(tmp_path))
    assert all(other == found[0] for other in found)
    assert found[0]["padded"]["tli"] == 100 and found[0]["questions_leaked"] == 1
    (nearest,) = found[0]["per_question"][0]["nearest"]
    assert nearest["record"] == (1 if records is CHAT else 2) and nearest["shared"] == len(grams_of(COPY))


def test_turns_of_messages(tmp_path):
    lines = write(tmp_path / "a.jsonl", *CHAT)
    for turns, records, leaks in (("later", 1, False), ("assistant", 2, True)):
        assert measured(tmp_path, lines, None, "--train-turns", turns, field="messages").returncode == 0
        assert result(tmp_path)["records"] == records and (result(tmp_path)["padded"]["tli"] == 100) == leaks


def test_several_data_sets_and_benchmarks_in_one_pass(tmp_path):
    write(tmp_path / "a.jsonl", *RECORDS)
    write(tmp_path / "b.jsonl", RECORDS[0])
    write(tmp_path / "q.jsonl", {"prompt": "x"}, {"prompt": COPY}, {"prompt": "y"})
    run = step("measure_leakage", "--train", f"one={tmp_path}/a.jsonl", f"one={tmp_path}/b.jsonl", f"two={tmp_path}/b.jsonl",
               "--train-field", "instruction", "--benchmark", f"all={tmp_path}/q.jsonl", f"part={tmp_path}/q.jsonl",
               "--benchmark-field", "prompt", "--benchmark-records", "all", "2-2", "--output", tmp_path / "out.json")  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = {(r["dataset"], r["benchmark"]): r for r in json.loads((tmp_path / "out.json").read_text())["results"]}
    assert {key: (r["records"], r["questions"]) for key, r in found.items()} == {
        ("one", "all"): (3, 3), ("one", "part"): (3, 1), ("two", "all"): (1, 3), ("two", "part"): (1, 1),
    }  # fmt: skip
    assert found["one", "part"]["padded"]["tli"] == 100 > found["one", "all"]["padded"]["tli"]


def gated(tmp_path, action, threshold):
    lines = write(tmp_path / "a.jsonl", *RECORDS)
    return measured(tmp_path, lines, None, "--threshold", threshold, "--action", action, "--cleaned", tmp_path / "c.jsonl",
                    "--rejected", tmp_path / "r.jsonl", "--counts", tmp_path / "n.json")  # fmt: skip


def test_the_gate_drops_and_counts(tmp_path):
    assert gated(tmp_path, "drop", 1.0).returncode == 0
    assert (tmp_path / "c.jsonl").read_text() == json.dumps(RECORDS[0], separators=(",", ":")) + "\n"
    assert json.loads((tmp_path / "n.json").read_text()) == {
        "stage": "leakage",
        "in": 2,
        "out": 1,
        "rejected": {"leaked": 1},
    }
    assert json.loads((tmp_path / "r.jsonl").read_text()) == {"id": "b", "reason": "leaked", "detail": "b q: 1.000"}


def test_the_gate_names_the_most_similar_question_by_its_own_name(tmp_path):
    """Whichever benchmark it is of, and wherever in it the questions that are asked for begin."""
    other = COPY.replace("function", "method")
    lines = write(tmp_path / "a.jsonl", {"instruction": COPY})
    write(tmp_path / "A.jsonl", {"prompt": "x"}, {"prompt": COPY})
    write(tmp_path / "B.jsonl", {"prompt": "x"}, {"prompt": other})
    names = [f"{name}={tmp_path}/{name}.jsonl" for name in "AB"]
    for benchmarks in (names, names[::-1]):
        run = step("measure_leakage", "--train", lines, "--train-field", "instruction", "--benchmark", *benchmarks,
                   "--benchmark-field", "prompt", "--benchmark-records", "2-2", "--threshold", 0.1, "--cleaned", tmp_path / "c",
                   "--rejected", tmp_path / "r", "--counts", tmp_path / "n", "--output", tmp_path / "out.json")  # fmt: skip
        assert run.returncode == 0 and "1 is like A 2: 1.000" in run.stdout, run.stderr
        assert json.loads((tmp_path / "r").read_text())["detail"] == "A 2: 1.000"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--threshold", "60"], "--threshold 60.0: must be above 0 and at most 1"),
        (["--threshold", "nan"], "--threshold nan: must be above 0"),
        (["--stretch", "2"], "--stretch 2.0: must be from 0 to 1"),
        (["--counts", "n.json"], "--counts: needs --cleaned as well"),
        (["--cleaned", "c.jsonl", "--rejected", "r.jsonl"], "--rejected: needs --counts as well"),
        (
            ["--cleaned", "c.jsonl", "--train-turns", "later"],
            "--cleaned: --train-turns later does not read records without a later turn, which would be lost",
        ),
        (["--cleaned", "folder"], "folder: is a folder; name a file"),
        (["--output", "folder"], "folder: is a folder; name a file"),
    ],
)
def test_options_that_make_no_sense(tmp_path, options, says):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/thesis.txt").write_text("precious")
    lines = write(tmp_path / "a.jsonl", *RECORDS)
    options = [
        str(tmp_path / option) if option.endswith((".json", ".jsonl", "folder")) else option for option in options
    ]
    run = step("measure_leakage", "--train", lines, "--train-field", "instruction", "--benchmark", f"b={lines}",
               "--benchmark-field", "instruction", "--output", tmp_path / "out.json", *options)  # fmt: skip
    fails(run, says)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "a.jsonl",
        "folder",
        "folder/thesis.txt",
    ]


def test_texts_and_ids_with_half_a_character_pass_the_gate(tmp_path):
    half = {"id": "a\ud83d", "instruction": "Something ä else \ud83d"}
    lines = write(tmp_path / "a.jsonl", half, {"id": "b\ud83d", "instruction": COPY})
    outputs = ("--cleaned", tmp_path / "c.jsonl", "--rejected", tmp_path / "r.jsonl", "--counts", tmp_path / "n.json")
    for more in ((), outputs):
        run = measured(tmp_path, lines, None, *more)
        assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "c.jsonl").read_text()) == half
    assert json.loads((tmp_path / "r.jsonl").read_text())["id"] == "b\ud83d"


def test_the_gate_stops(tmp_path):
    fails(
        gated(tmp_path, "stop", 1.0),
        "1 of 2 records reach the similarity 1.0",
        "b is like b q: 1.000",
        "leakage.action",
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "questions.jsonl"]


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([{"instruction": "x"}, {"prompt": "x"}], "a.jsonl:2: no field 'instruction'; it has prompt"),
        ([{"instruction": "x"}, {"instruction": None}], "a.jsonl:2: the field 'instruction' must be a text or a list"),
        ([{"instruction": "x"}, {"instruction": []}], "a.jsonl:2: the field 'instruction' holds messages and texts"),
        ([{"instruction": [{"role": "user"}]}], "a.jsonl:1: a message must have a role"),
        ([{"instruction": "x"}, "[]"], "a.jsonl:2: a record must be a JSON object"),
        ([{"instruction": "x"}, "{"], "a.jsonl:2: not JSON"),
        ([], "a.jsonl: contains no record; name another source"),
    ],
)
def test_bad_records(tmp_path, records, says):
    fails(measured(tmp_path, write(tmp_path / "a.jsonl", *records)), says)
    assert not (tmp_path / "out.json").exists()


def test_bad_files_and_numbers(tmp_path):
    lines = write(tmp_path / "a.jsonl", *RECORDS)
    binary = tmp_path / "b.bin"
    binary.write_bytes(b"{\xff\xfe\x00")
    fails(measured(tmp_path, binary), "b.bin: not text (byte 1)")
    binary.write_bytes(b"PAR1 not really")
    fails(measured(tmp_path, binary), "b.bin: not Parquet")
    binary.write_bytes(gzip.compress(b'{"instruction": "x"}' * 99)[:40])
    fails(measured(tmp_path, binary), "b.bin: cannot be read")
    binary.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff")
    fails(measured(tmp_path, binary), "b.bin: cannot be read (Error -3 while decompressing data")
    fails(measured(tmp_path, tmp_path / "none"), "none: no such file")
    fails(measured(tmp_path, tmp_path), "cannot be read")
    fails(
        measured(tmp_path, lines, write(tmp_path / "empty.jsonl")),
        "empty.jsonl: contains no record; name another source",
    )
    fails(measured(tmp_path, lines, write(tmp_path / "q.jsonl", {"text": "x"})), "q.jsonl:1: no field 'prompt'")
    fails(measured(tmp_path, lines, None, "--k", 0), "--k 0: must be at least 1")
    fails(measured(tmp_path, lines, None, "--benchmark-records", "2-3"), "must be FIRST-LAST among the 1 of b")
    fails(measured(tmp_path, lines, None, "--benchmark-records", "1-1", "1-1"), "2 values for 1 sources")
    fails(measured(tmp_path, lines, None, "--benchmark-mention", "(a"), "--benchmark-mention: not a regular expression")


def test_a_data_set_and_a_benchmark_of_one_name_keep_their_titles():
    found = {"dataset": "mbpp", "benchmark": "mbpp", "questions": 1, "padded": {"tli": 50.0}, "top": [{"question": 1}]}
    entries = {
        "datasets": [{"name": "mbpp", "title": "MBPP, train"}],
        "benchmarks": [{"name": "mbpp", "title": "MBPP, test"}],
    }
    (row,) = points({"results": [found]}, entries).to_dict("records")
    assert (row["dataset"], row["benchmark"]) == ("MBPP, train", "MBPP, test")
