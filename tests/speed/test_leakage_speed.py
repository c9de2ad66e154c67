"""How fast leakage is measured, and in how much memory, beside the definition written down plainly."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.honest import read_lines

pytestmark = pytest.mark.speed
PLAIN = """
import json, sys
def grams(text):
    tokens, found = text.split(), set()
    for n in (4, 5):
        row = ["<s>"] * (n - 1) + tokens + ["</s>"] * (n - 1)
        found.update(tuple(row[i:i + n]) for i in range(len(row) - n + 1))
    return found
def texts(path, field):
    return [grams(json.loads(line)[field]) for line in open(path)]
records, questions = texts(sys.argv[1], "instruction"), texts(sys.argv[2], "prompt")
leaks = [max(len(own & record) for record in records) / len(own) for own in questions]
print(100 * sum(leaks) / len(leaks))
"""


def instructions(number, seed=0, words=(8, 30)):
    """Short instructions of few openings and many words, some of them shared in a row with MBPP's questions."""
    rng = random.Random(seed)
    questions = [task["text"].split() for task in read_lines("mbpp/mbpp.jsonl")]
    vocabulary = [word for question in questions for word in question]
    openings = ("Write a function to", "Write a Python program that", "Create a function which", "How can I")
    for _ in range(number):
        tokens = rng.choice(openings).split()
        while len(tokens) < rng.randint(*words):
            question = rng.choice(questions)
            start = rng.randrange(len(question))
            tokens += (
                question[start : start + rng.randint(1, 6)] if rng.random() < 0.2 else rng.choices(vocabulary, k=4)
            )
        yield {"instruction": " ".join(tokens)}


def questions(path, name, field):
    """A benchmark's questions as a file."""
    path.write_text("".join(json.dumps({"prompt": task[field]}) + "\n" for task in read_lines(name)))
    return path


def write_lines(path, records):
    with open(path, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def timed(command, **options):
    """Seconds of CPU and peak memory (MiB) of a command, and what it printed.

    Both sides are one process of one thread each, so CPU is what they take, whatever else runs beside them.
    """
    script = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True);"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, done.stdout)"
    )
    run = subprocess.run([sys.executable, "-c", script, *map(str, command)], capture_output=True, text=True, check=True,
                         **options)  # fmt: skip
    seconds, memory, *printed = run.stdout.split()
    return float(seconds), float(memory), printed


def ours(train, benchmarks, output):
    return [sys.executable, "scripts/leakage/measure_leakage.py", "--train", f"train={train}", "--train-field", "instruction",
            "--benchmark", *(f"{path.stem}={path}" for path in benchmarks), "--benchmark-field", "prompt",
            "--output", output]  # fmt: skip


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    return [
        questions(folder / "mbpp.jsonl", "mbpp/mbpp.jsonl", "text"),
        questions(folder / "humaneval.jsonl", "humaneval/HumanEval.jsonl.gz", "prompt"),
        questions(folder / "bigcodebench.jsonl", "bigcodebench/BigCodeBench.hf.jsonl.gz", "instruct_prompt"),
        # Stands in for LiveCodeBench, whose questions are not at hand: long ones.
        questions(folder / "bigcodebench_complete.jsonl", "bigcodebench/BigCodeBench.hf.jsonl.gz", "complete_prompt"),
    ]


def test_a_hundred_times_faster_in_an_eighth_of_the_memory(tmp_path, benchmarks):
    train = write_lines(tmp_path / "train.jsonl", instructions(85_000))
    plain_seconds, plain_memory, printed = timed([sys.executable, "-c", PLAIN, train, benchmarks[0]])
    rounds = [timed(ours(train, benchmarks[:1], tmp_path / "out.json")) for _ in range(3)]
    seconds, memory = min(r[0] for r in rounds), max(r[1] for r in rounds)
    several = min(timed(ours(train, benchmarks, tmp_path / "all.json"))[0] for _ in range(3))
    (found,) = json.loads((tmp_path / "out.json").read_text())["results"]
    print(f"\n85,000 x MBPP's 974: plainly {plain_seconds:.1f} s of CPU, {plain_memory:.0f} MiB; here {seconds:.2f} s, "
          f"{memory:.0f} MiB: {plain_seconds / seconds:.0f} times faster, 1/{plain_memory / memory:.1f} of the memory; "
          f"all four benchmarks (3,418 questions) {several:.2f} s")  # fmt: skip
    assert found["padded"]["tli"] == pytest.approx(float(printed[0]), abs=1e-10)
    assert plain_seconds / seconds >= 100
    assert plain_memory / memory >= 8
    assert several < 2.5 * seconds


def test_a_data_set_of_the_papers_size_takes_seconds(tmp_path, benchmarks):
    train = write_lines(tmp_path / "train.jsonl", instructions(110_000, 1, (20, 120)))
    seconds, memory, _ = timed(ours(train, benchmarks, tmp_path / "out.json"))
    print(f"\n110,000 longer instructions x four benchmarks: {seconds:.1f} s, {memory:.0f} MiB")
    assert seconds < 15


def test_ten_million_records_in_flat_memory(tmp_path, benchmarks):
    """A stream of 10 million through a pipe; its memory beside that of its first part alone."""
    made = [json.dumps(record) + "\n" for record in instructions(20_000, 2)]
    block = "".join(made)
    peaks = []
    for blocks in (10, 500):
        start = time.perf_counter()
        process = subprocess.Popen(
            ours("/dev/stdin", benchmarks[:3], tmp_path / "out.json"), stdin=subprocess.PIPE, text=True
        )
        for _ in range(blocks):
            process.stdin.write(block)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        peaks.append(usage.ru_maxrss / 1024)
        seconds = time.perf_counter() - start
        (found, *_) = json.loads(Path(tmp_path / "out.json").read_text())["results"]
        assert found["records"] == 20_000 * blocks
        print(f"\n{found['records']:,} records: {seconds:.0f} s, {peaks[-1]:.0f} MiB")
    assert peaks[1] < 1.1 * peaks[0]
