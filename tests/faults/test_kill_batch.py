"""kill -9 of a batch of requests, twenty times at random; then no answered request was asked twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.records.files import write_records
from support.bad_server import FAULTS, BadServer
from support.workflow import ROOT

pytestmark = pytest.mark.faults
KILLS, REQUESTS, CONCURRENCY = 20, 2000, 64


def kept_in(journal):
    """Contents of the requests whose answers the journal holds."""
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    names = [json.loads(line[33:])["custom_id"] for line in lines if line.endswith(b"}")]
    return {f"request {name.partition(':')[0][1:]}" for name in names}


def command(folder, url):
    settings = {"request_timeout": 3, "concurrency": CONCURRENCY, "longest_wait": 1}
    step = [
        sys.executable,
        str(ROOT / "scripts/engines/complete_requests.py"),
        str(folder / "requests.jsonl"),
        "--model",
        "m",
    ]
    step += ["--output", str(folder / "responses.jsonl"), "--backend", "endpoint", "--base-url", url]
    return [*step, "--options", json.dumps(settings)]


def write(folder):
    lines = [ask(f"r{n}", f"request {n}", {"temperature": 0.0, "max_tokens": 8}, (0, "test")) for n in range(REQUESTS)]
    write_records(folder / "requests.jsonl", lines, REQUEST)


def test_a_killed_batch_is_finished_without_asking_anything_answered_twice(tmp_path):
    calm, stormy = tmp_path / "calm", tmp_path / "stormy"
    write(calm)
    with BadServer() as server:
        assert subprocess.run(command(calm, server.url), capture_output=True).returncode == 0
    write(stormy)
    generator, journal = random.Random(), stormy / "responses.jsonl.journal"
    moments, lost, kills = [], set(), 0
    with BadServer(dict.fromkeys(FAULTS, 0.05)) as server:
        while kills < KILLS:
            run = subprocess.Popen(command(stormy, server.url), stderr=subprocess.DEVNULL)
            moments.append(generator.uniform(0.5, 3.0))
            time.sleep(moments[-1])
            if run.poll() is not None:
                (stormy / "responses.jsonl").unlink()  # it was done; the rest of the kills strike the journal's reading
                continue
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
            kills += 1
            time.sleep(0.2)
            in_flight = set(server.answered()) - kept_in(journal)
            assert len(in_flight - lost) <= CONCURRENCY, moments
            lost |= in_flight
        last = subprocess.run(command(stormy, server.url), capture_output=True, text=True)
    assert last.returncode == 0, last.stderr
    repeated = {content for content, times in server.answered().items() if times > 1}
    print(
        f"{len(lost)} answers were in flight at {KILLS} kills; {len(repeated)} of them were asked again, and no other"
    )
    assert repeated <= lost, moments
    assert len(server.answered()) == REQUESTS
    assert (stormy / "responses.jsonl").read_bytes() == (calm / "responses.jsonl").read_bytes()
