"""Shared by all benchmarks: problems from data, programs from answers, missing requirements, scores."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from refinement.benchmarks.kinds import MODULES, PREPARED
from refinement.benchmarks.record_types import PROBLEM
from refinement.benchmarks.requirements import (
    failing_canonical_solutions,
    find_missing,
    is_installed,
    problems_left_out,
    skipped_execution,
)
from refinement.experiment.schema import load_schema
from refinement.records.errors import BadInput
from refinement.records.files import load_records
from scripts.benchmarks.collect_solutions import check_answers
from scripts.benchmarks.prepare_benchmark import Sources, arguments, check_ids, check_settings, check_size, main
from scripts.benchmarks.score_benchmark import format_row, make_outcomes, summarize
from scripts.engines.execute_programs import completed

ABSENT = {"a-compiler-of-nowhere": "apt-get install nowhere"}


def program(name, **changes):
    return {"id": name, "mode": "run", "code": "pass", "timeout": 4.0, "memory_mb": 512, **changes}


def test_config_knows_every_kind_and_no_other():
    kinds = load_schema("acr")["properties"]["benchmarks"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == set(MODULES) and set(PREPARED) == set(kinds) - {"miniature", "file"}


def test_missing_requirements_are_named_with_how_to_install_them():
    assert is_installed("sh") and is_installed("import json")
    assert find_missing(["sh", "import nowhere_to_be_found", "a-compiler-of-nowhere"]) == [
        "import nowhere_to_be_found",
        "a-compiler-of-nowhere",
    ]
    run = skipped_execution(program("p", needs=ABSENT))
    assert run["verdict"] == "not_run" and run["missing"] == list(ABSENT)
    assert "a-compiler-of-nowhere: not installed here (apt-get install nowhere)" in run["error"]
    assert skipped_execution(program("p")) is None and skipped_execution(program("p", needs={"sh": ""})) is None


def test_programs_with_missing_requirements_do_not_stop_others():
    programs = [program("a", needs=ABSENT), program("b"), program("c", needs=ABSENT), program("d", code="1 / 0")]
    assert [run["verdict"] for run in completed(programs, {}, 2)] == ["not_run", "passed", "not_run", "error"]


def solutions(**programs):
    return [
        {"id": f"0/{name}", "sample": 1, "response": "", "finish_reason": "stop", "program": program}
        for name, program in programs.items()
    ]


def test_a_problem_that_was_not_executed_is_not_a_failure():
    problems = [{"id": name, "needs": ABSENT if name in "ab" else {}} for name in "abcd"]
    runs = {f"{name}#": skipped_execution(program(f"{name}#", needs=ABSENT)) for name in "a"}
    runs |= {f"{name}#": {"id": f"{name}#", "verdict": verdict, "error": None} for name, verdict in
             (("c", "passed"), ("d", "failed"))}  # fmt: skip
    left_out = problems_left_out(problems, runs)
    assert left_out.keys() == {"a", "b"}, "b's answer holds no code, yet it could not have been run"
    outcomes = list(make_outcomes(solutions(a="a#", b=None, c="c#", d="d#"), runs, left_out))
    (row,) = summarize(outcomes, 0)
    assert (row["pass@1"], row["problems"], row["not_run"]) == (0.5, 2, 2)
    assert row["missing"] == ["a-compiler-of-nowhere: not installed here (apt-get install nowhere)"]
    assert format_row(row) == (
        "iteration 0: pass@1 50.0% (0.0 to 100.0) of 2 problems; answers: failed 1, passed 1; "
        "2 problems not executed: a-compiler-of-nowhere: not installed here (apt-get install nowhere)"
    )


def test_without_executions_there_is_no_score():
    runs = {"a#": skipped_execution(program("a#", needs=ABSENT))}
    (row,) = summarize(list(make_outcomes(solutions(a="a#"), runs, {"a": "nothing is there"})), 0)
    assert row["pass@1"] is None and row["problems"] == 0 and row["not_run"] == 1
    assert format_row(row).startswith("iteration 0: 1 problems not executed: ")


@pytest.mark.parametrize(("means", "share", "not_run_"), [("count", 0.25, None), ("leave_out", 0.5, 2)])
def test_problems_whose_canonical_solution_fails_are_named(means, share, not_run_):
    problems = [{"id": name, "canonical_program": f"{name}*", "unsolvable": means} for name in "abcd"]
    ends = {
        "a*": "passed",
        "b*": "failed",
        "c*": "timeout",
        "a#": "passed",
        "b#": "failed",
        "c#": "failed",
        "d#": "failed",
    }
    runs = {name: {"id": name, "verdict": end, "error": "E" if end != "passed" else None} for name, end in ends.items()}
    assert failing_canonical_solutions(problems, runs) == {"b": "failed: E", "c": "timeout: E"}, "d's was not run"
    outcomes = list(make_outcomes(solutions(a="a#", b="b#", c="c#", d="d#"), runs, problems_left_out(problems, runs)))
    (row,) = summarize(outcomes, 0)
    assert row["pass@1"] == share and row.get("not_run") == not_run_
    assert row.get("missing", []) == ["canonical solutions that do not pass here"] * (means == "leave_out")


def test_answers_that_are_missing_or_unknown_are_counted_and_named():
    wanted = [(f"0/{n}", 1) for n in range(7)]
    check_answers(wanted, wanted)
    with pytest.raises(BadInput, match=r"6 answers missing \(0/1:1, 0/2:1, 0/3:1, 0/4:1, 0/5:1, \.\.\.\), of 7"):
        check_answers(wanted, wanted[:1])
    with pytest.raises(BadInput, match=r"1 answers that this benchmark does not have \(0/8:1\)"):
        check_answers(wanted, [*wanted, ("0/8", 1)])


def test_duplicate_ids_and_empty_benchmarks_are_bad_input():
    with pytest.raises(BadInput, match="the problem 'a' occurs twice"):
        list(check_ids(iter([{"id": "a"}, {"id": "b"}, {"id": "a"}]), "data"))
    with pytest.raises(BadInput, match="data: no problem with these settings"):
        list(check_ids(iter([]), "data"))


def test_a_wrong_number_of_problems_is_bad_input():
    problems = [{"id": "a"}, {"id": "b"}]
    assert list(check_size(problems, {"size": 2}, "data")) == problems
    assert list(check_size(problems[:1], {"size": 2, "limit": 1}, "data")) == problems[:1]
    with pytest.raises(BadInput, match="data: 2 problems with these settings, but size is 3"):
        list(check_size(problems, {"size": 3}, "data"))


def test_the_digest_of_data_does_not_depend_on_its_format(tmp_path):
    records = [{"a": 1, "b": "ä"}, {"a": 2, "b": ""}]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "plain.jsonl").write_text(lines)
    (tmp_path / "zipped.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "array.json").write_text(json.dumps(records))
    found = []
    for path in sorted(tmp_path.iterdir()):
        data = Sources([str(path)])
        assert [record for _, record in data] == records and data.count == 2
        found.append(data.sha256)
    assert len(set(found)) == 1


def test_a_setting_of_another_kind_is_bad_input():
    with pytest.raises(BadInput, match="multipl_e has no setting 'split'; it has language, size, limit, unsolvable"):
        check_settings("multipl_e", {"split": "instruct"})


@pytest.mark.parametrize(
    ("kind", "settings", "fault"),
    [
        ("humaneval", 5, "--settings: 5 is not of type 'object'; see docs/config.md"),
        ("humaneval", [], "--settings: [] is not of type 'object'"),
        ("humaneval", None, "--settings: None is not of type 'object'"),
        ("humaneval", "limit", "--settings: 'limit' is not of type 'object'"),
        ("humaneval", {"limit": 0}, "--settings.limit: 0 is less than the minimum of 1; see docs/config.md"),
        ("mbpp", {"limit": -1}, "--settings.limit: -1 is less than the minimum of 1"),
        ("mbpp_plus", {"limit": "5"}, "--settings.limit: '5' is not of type 'integer'"),
        ("mbpp_plus", {"limit": 5.0}, "--settings.limit: 5.0 is not of type 'integer'"),
        ("mbpp_plus", {"limit": True}, "--settings.limit: True is not of type 'integer'"),
        ("humaneval", {"limit": None}, "--settings.limit: None is not of type 'integer'"),
        ("humaneval", {"size": "164"}, "--settings.size: '164' is not of type 'integer'"),
        ("humaneval", {"size": 0}, "--settings.size: 0 is less than the minimum of 1"),
        ("humaneval", {"size": False}, "--settings.size: False is not of type 'integer'"),
        ("humaneval", {"unsolvable": "drop"}, "--settings.unsolvable: 'drop' is not available; choose one of count, leave_out"),
        ("livecodebench", {"from": 2024}, "--settings.from: 2024 is not of type 'string'"),
        ("livecodebench", {"until": ["2024-07"]}, "--settings.until: ['2024-07'] is not of type 'string'"),
        ("livecodebench", {"until": "July"}, "--settings.until: 'July' does not match"),
        ("bigcodebench", {"split": []}, "--settings.split: [] is not available; choose one of instruct, complete"),
        ("bigcodebench", {"split": "instruct", "ids": 5}, "--settings.ids: 5 is not of type 'string'"),
        ("multipl_e", {"language": ["js"]}, "--settings.language: ['js'] is not available; choose one of cpp, cs, java,"),
    ],
)  # fmt: skip
def test_a_setting_of_the_wrong_type_or_size_is_bad_input(kind, settings, fault):
    with pytest.raises(BadInput) as raised:
        check_settings(kind, settings)
    assert str(raised.value).startswith(fault) and "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", PREPARED)
def test_empty_and_valid_settings_are_accepted(kind):
    for settings in ({}, {"limit": 1, "size": 164, "unsolvable": "leave_out"}):
        assert check_settings(kind, settings) == settings


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"--settings": '{"language": "sh", "limit": 0}'}, "--settings.limit: 0 is less than the minimum of 1"),
        ({"--source": "absent.jsonl"}, "absent.jsonl: no such file"),
        ({"--source": "hub:nobody/nothing@main"}, "hub:nobody/nothing@main: not available"),
        ({"--source": "evalplus:HumanEval@v1"}, "evalplus:HumanEval@v1: must be HumanEvalPlus@VERSION"),
        ({"--template": "absent.txt"}, "absent.txt: no such template"),
        ({"--source": "cut.gz"}, "cut.gz: cannot be read"),
        ({"--source": "broken.gz"}, "broken.gz: cannot be read (Error -3 while decompressing data"),
    ],
)
def test_unavailable_data_is_a_one_line_error(tmp_path, change, fault):
    line = json.dumps({"task_id": "HumanEval_0", "language": "sh", "prompt": "f() {", "tests": "f"}) + "\n"
    (tmp_path / "cut.gz").write_bytes(gzip.compress(line.encode() * 2000)[:60])
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff")
    options = {"--kind": "multipl_e", "--source": "cut.gz", "--settings": '{"language": "sh"}',
               "--template": str(Path("prompts/benchmarks/multipl_e.txt").absolute()),
               "--output": "problems.jsonl", "--about": "about.json"}  # fmt: skip
    words = [word for pair in {**options, **change}.items() for word in pair]
    step = [sys.executable, str(Path("scripts/benchmarks/prepare_benchmark.py").absolute())]
    ended = subprocess.run([*step, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1 and ended.stderr.startswith(f"error: {fault}"), ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "problems.jsonl").exists() and not (tmp_path / "about.json").exists()


def test_problems_may_hold_lone_surrogates(tmp_path, capsys):
    record = {"name": "HumanEval_0_f", "language": "js", "prompt": "// \ud83d ä\nfunction f(x){\n", "tests": "f(1);"}
    (tmp_path / "half.jsonl").write_text(json.dumps(record) + "\n")
    main(arguments().parse_args([
        "--kind", "multipl_e", "--source", str(tmp_path / "half.jsonl"), "--settings", '{"language": "js"}', "--template",
        "prompts/benchmarks/multipl_e.txt", "--output", str(tmp_path / "out"), "--about", str(tmp_path / "about"),
    ]))  # fmt: skip
    (problem,) = load_records(tmp_path / "out", PROBLEM)
    assert problem["code_prompt"] == record["prompt"] and record["prompt"].rstrip() in problem["prompt"]


def test_a_file_of_the_hub_is_read_at_its_revision(tmp_path):
    repository = tmp_path / "hub" / "datasets--someone--something"
    snapshot = repository / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "v1").write_text(snapshot.name)
    (snapshot / "data.jsonl").write_text('{"a": 1}\n{"a": 2}\nbroken\n')
    code = "from refinement.records.sources import read_rows; import sys\n"
    code += "for row in read_rows(sys.argv[1]): print(row.where, row.record)"

    def read(source):
        return subprocess.run(
            [sys.executable, "-c", code, source], capture_output=True, text=True, timeout=120,
            env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PYTHONPATH": "scripts"},
        )  # fmt: skip

    found = read("hub:someone/something/data.jsonl@v1")
    where = "hub:someone/something/data.jsonl@v1"
    assert found.stdout.splitlines() == [f"{where}:1 {{'a': 1}}", f"{where}:2 {{'a': 2}}"]
    assert "data.jsonl:3: not JSON" in found.stderr.splitlines()[-1]
    other = read("hub:someone/something/data.jsonl@v2")
    assert not other.stdout and "data.jsonl@v2: not available" in other.stderr.splitlines()[-1]
