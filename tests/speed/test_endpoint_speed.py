"""Requests a second through the endpoint, beside a bare loop over the openai client; memory over many requests."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from openai import AsyncOpenAI, DefaultAioHttpClient

from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.records.files import read_records, write_records
from support.workflow import ROOT

pytestmark = pytest.mark.speed
IN_FLIGHT, SAMPLING = 256, {"temperature": 0.0, "max_tokens": 8}
MANY, MEMORY_MB = 100_000, 500


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A server in a process of its own that answers at once."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/support/bad_server.py"), "--port", "0", "--forget"],
        stdout=subprocess.PIPE,
        text=True,
    )
    yield f"http://127.0.0.1:{process.stdout.readline().split()[-1]}/v1"
    process.kill()
    process.wait()


def write(path, count):
    write_records(path, (ask(f"r{n}", f"request {n}", SAMPLING, (0, "test")) for n in range(count)), REQUEST)
    return path


async def bare_loop(url, path):
    """What one would write by hand: a semaphore, gather, and no journal."""
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=DefaultAioHttpClient())
    room = asyncio.Semaphore(IN_FLIGHT)

    async def one(request):
        async with room:
            answer = await client.chat.completions.create(model="m", **request["body"])
            return answer.choices[0].message.content

    began = time.monotonic()
    answers = await asyncio.gather(*(one(request) for request in read_records(path, REQUEST)))
    await client.close()
    return len(answers) / (time.monotonic() - began)


STEP = """
import resource, sys, time
sys.path.insert(0, "scripts/engines")
import complete_requests
from refinement.completion.backends.endpoint import backend
options = complete_requests.arguments().parse_args(sys.argv[1:])
began = time.monotonic()
complete_requests.main(options)
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def through_the_step(url, path, output):
    """(requests a second, peak MB) of the step, start of the interpreter left out, all else included."""
    arguments = [str(path), "--output", str(output), "--backend", "endpoint", "--base-url", url, "--model", "m"]
    settings = ["--concurrency", str(IN_FLIGHT), "--max-failed-share", "0"]
    run = subprocess.run(
        [sys.executable, "-c", STEP, *arguments, *settings], capture_output=True, text=True, cwd=ROOT, check=True
    )
    seconds, peak = map(float, run.stdout.split())
    with open(output) as lines:
        count = sum(json.loads(line)["error"] is None for line in lines)
    return count / seconds, peak


def test_throughput_beside_a_bare_loop(url, tmp_path):
    path, ratios = write(tmp_path / "requests.jsonl", 4000), []
    for turn in range(3):
        bare = asyncio.run(bare_loop(url, path))
        ours, _ = through_the_step(url, path, tmp_path / f"{turn}.jsonl")
        ratios.append(ours / bare)
        print(f"bare loop {bare:.0f}/s, with journal and retries {ours:.0f}/s, ratio {ours / bare:.2f}")
    assert sorted(ratios)[1] >= 0.8


def test_memory_is_flat(url, tmp_path):
    _, few = through_the_step(url, write(tmp_path / "few.jsonl", MANY // 20), tmp_path / "a.jsonl")
    rate, many = through_the_step(url, write(tmp_path / "many.jsonl", MANY), tmp_path / "b.jsonl")
    print(f"{MANY // 20} requests: {few:.0f} MB at the peak; {MANY}: {many:.0f} MB, {rate:.0f}/s")
    assert many < MEMORY_MB and many < 1.5 * few
