"""The backends that ask a server: faults, keys, limits, and servers of the step's own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import psutil
import pytest

from refinement.completion.backends import load_backend
from refinement.completion.backends.endpoint import backend as endpoint
from refinement.completion.record_types import REQUEST, RESPONSE
from refinement.completion.requests import ask, collect_answers
from refinement.records.errors import BadInput
from refinement.records.files import load_records, write_records
from support.bad_server import FAULTS, KEY, BadServer, answer_to
from support.workflow import ROOT

SAMPLING = {"temperature": 0.0, "max_tokens": 32}
PASSING = ("limit", "error", "hang", "drop", "half", "broken", "no_choice", "empty")


def write_requests(path, count, prompt="request {}"):
    lines = [ask(f"r{n}", prompt.format(n), SAMPLING, (0, "test")) for n in range(count)]
    write_records(path, lines, REQUEST)
    return path


def complete(tmp_path, *arguments, requests="requests.jsonl", backend="endpoint", **environment):
    step = [sys.executable, str(ROOT / "scripts/engines/complete_requests.py"), str(tmp_path / requests)]
    step += ["--output", str(tmp_path / "responses.jsonl"), "--backend", backend, "--model", "m", *arguments]
    return subprocess.run(
        step, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, env={**os.environ, **environment}
    )


def options(**settings):
    return ["--options", json.dumps({"request_timeout": 3, "concurrency": 64, "longest_wait": 1, **settings})]


def error_of(run):
    assert run.returncode == 1, run.stderr
    *_, last = run.stderr.splitlines()
    assert last.startswith("error: ") and "\nTraceback" not in run.stderr
    return last


def test_a_batch_survives_a_server_with_every_fault(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 2000)
    with BadServer(dict.fromkeys(FAULTS, 0.05)) as server:
        run = complete(tmp_path, "--base-url", server.url, *options())
    assert run.returncode == 0, run.stderr
    responses = load_records(tmp_path / "responses.jsonl", RESPONSE)
    assert [r["custom_id"] for r in responses] == [f"r{n}:1:1" for n in range(2000)]
    answers = collect_answers(tmp_path / "responses.jsonl" for _ in range(1))
    assert all(answers[f"r{n}", 1].text == answer_to(f"request {n}") for n in range(2000))
    assert server.answered() == {f"request {n}": 1 for n in range(2000)}, "no answered request is asked again"
    assert min(server.fates()[fault] for fault in FAULTS) > 50


def test_the_responses_do_not_depend_on_the_faults(tmp_path):
    found = []
    for rates in ({}, {"error": 0.3}):
        folder = tmp_path / str(len(found))
        write_requests(folder / "requests.jsonl", 50)
        with BadServer(rates) as server:
            assert complete(folder, "--base-url", server.url, *options()).returncode == 0
        found.append((folder / "responses.jsonl").read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("fault", PASSING)
def test_what_can_pass_is_tried_again(tmp_path, fault):
    write_requests(tmp_path / "requests.jsonl", 1)
    with BadServer(script={"request 0": [fault]}) as server:
        run = complete(tmp_path, "--base-url", server.url, *options(request_timeout=1))
    assert run.returncode == 0, run.stderr
    first, second = sorted(server.log, key=lambda entry: entry.began)
    assert (first.fate, second.fate) == (fault, "fine")
    assert second.began - first.began > (1.0 if fault in ("limit", "hang") else 0.1), "Retry-After is respected"


def test_an_answer_that_stays_empty_is_an_answer(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    with BadServer(script={"request 0": ["empty"] * 9}) as server:
        run = complete(tmp_path, "--base-url", server.url, "--expect", "verbatim", *options())
    assert run.returncode == 0 and len(server.log) == endpoint.EMPTY
    assert load_records(tmp_path / "responses.jsonl", RESPONSE)[0]["response"]["body"]["choices"][0]["message"] == {
        "role": "assistant",
        "content": "",
    }


def test_what_cannot_pass_is_recorded_with_its_reason_and_not_asked_again(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 4)
    script = {"request 1": ["400"] * 9, "request 2": ["413"] * 9, "request 3": ["error"] * 9}
    with BadServer(script=script) as server:
        run = complete(tmp_path, "--base-url", server.url, "--attempts", "3", *options(retries=1))
    assert run.returncode == 0, run.stderr
    errors = [r["error"] and r["error"]["code"] for r in load_records(tmp_path / "responses.jsonl", RESPONSE)]
    assert errors == [None, "content_filter", "too_long", "http_500"]
    assert sorted(entry.content for entry in server.log) == [f"request {n}" for n in (0, 1, 2, 3, 3)]


def test_half_a_character_in_a_request_is_a_fault_of_that_request_alone(tmp_path):
    path = write_requests(tmp_path / "requests.jsonl", 3)
    path.write_text(path.read_text().replace("request 1", "request \\ud800"))
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url)
    assert run.returncode == 0, run.stderr
    errors = [
        response["error"] and response["error"]["code"]
        for response in load_records(tmp_path / "responses.jsonl", RESPONSE)
    ]
    assert errors == [None, "not_text", None]


def test_too_many_failures_end_the_step_early_with_the_commonest_reasons(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 500)
    script = {f"request {n}": ["413" if n % 4 else "400"] for n in range(500)}
    with BadServer(script=script) as server:
        run = complete(tmp_path, "--base-url", server.url, "--max-failed-share", "0.1", *options(concurrency=4))
    told = error_of(run)
    assert "of 500 requests have no readable answer (too_long" in told and "content_filter" in told
    assert len(server.log) < 100 and not (tmp_path / "responses.jsonl").exists()


def test_an_answer_that_cannot_be_read_is_asked_for_again(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url, "--expect", "acr.judgement", "--attempts", "3", *options())
    assert run.returncode == 0
    assert [body["temperature"] for body in server.bodies] == [0.0, 0.7, 0.7]
    assert len({body["seed"] for body in server.bodies}) == 3
    names = [r["custom_id"] for r in load_records(tmp_path / "responses.jsonl", RESPONSE)]
    assert names == ["r0:1:1", "r0:1:2", "r0:1:3"]


def test_base_models_are_asked_for_completions_with_stop_strings(tmp_path):
    body = {"prompt": "def f(", "stop": ["\n\n"], **SAMPLING, "seed": 1}
    write_records(tmp_path / "requests.jsonl", [{"custom_id": "r:1:1", "body": body}], REQUEST)
    with BadServer() as server:
        assert complete(tmp_path, "--base-url", server.url).returncode == 0
    assert server.paths == ["/v1/completions"] and server.bodies == [{**body, "model": "m"}]
    assert collect_answers([tmp_path / "responses.jsonl"])["r", 1].text == answer_to("def f(")


def test_a_system_message_stands_before_each_chat(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    with BadServer() as server:
        for system in ("Be brief.", "Be long."):
            assert complete(tmp_path, "--base-url", server.url, "--system", system).returncode == 0
    assert [[turn["role"] for turn in body["messages"]] for body in server.bodies] == [["system", "user"]] * 2
    assert [body["messages"][0]["content"] for body in server.bodies] == ["Be brief.", "Be long."]


def test_limits_are_kept(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 16)
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url, *options(requests_per_minute=120))
    assert run.returncode == 0
    assert server.log[-1].began - server.log[0].began > 2.5, "ten at once, then two a second"


def test_an_unchanged_request_is_never_asked_again_and_a_changed_one_is(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 5)
    with BadServer() as server:
        for _ in range(2):
            assert complete(tmp_path, "--base-url", server.url).returncode == 0
        assert len(server.log) == 5
        assert complete(tmp_path, "--base-url", server.url, "--concurrency", "2").returncode == 0
        assert len(server.log) == 5, "how fast it is asked does not change the answer"
        assert complete(tmp_path, "--base-url", server.url, "--model", "other").returncode == 0
        assert len(server.log) == 10
        write_requests(tmp_path / "requests.jsonl", 5, "please, request {}")
        assert complete(tmp_path, "--base-url", server.url, "--model", "other").returncode == 0
        assert len(server.log) == 15


def test_the_key_stands_in_no_file_and_no_message(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 3)
    named = ["--key-variable", "TEST_KEY"]
    with BadServer(script={"request 1": ["422"]}) as server:
        run = complete(tmp_path, "--base-url", server.url, *named, *options(), TEST_KEY=KEY)
    assert run.returncode == 0 and server.authorizations == {f"Bearer {KEY}"}
    assert "key *** is bad" in (tmp_path / "responses.jsonl").read_text()
    with BadServer({"401": 1.0}) as server:
        again = complete(tmp_path, "--base-url", server.url, *named, "--model", "other", TEST_KEY=KEY)
    assert "refuses the key (TEST_KEY)" in error_of(again)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in written + (run.stderr + run.stdout + again.stderr + again.stdout).encode()


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--base-url", "http://127.0.0.1:1/v1", "--attempts", "0"], {}, "--attempts 0: must be at least 1"),
        (["--base-url", "localhost:1"], {}, "base_url 'localhost:1': name the server, http"),
        ([], {}, "the backend endpoint lacks 'base_url'; add it (where the server answers"),
        (["--base-url", ""], {}, "base_url '': name the server"),
        (["--base-url", "http://[::1"], {}, "base_url 'http://[::1': name the server"),
        (["--base-url", "http://localhost:99999/v1"], {}, "base_url 'http://localhost:99999/v1': name the server"),
        (["--base-url", "http:///v1"], {}, "base_url 'http:///v1': name the server"),
        (["--base-url", "http://127.0.0.1:1/v1", "--key-variable", "NO_KEY"], {}, "NO_KEY holds no key"),
        (["--base-url", "http://127.0.0.1:1/v1", "--key-variable", "NO_KEY"], {"NO_KEY": " "}, "NO_KEY holds no key"),
        (
            ["--base-url", "http://127.0.0.1:1/v1", "--concurrency", "0"],
            {},
            "concurrency: 0 must be a whole number of at least 1",
        ),
        (
            ["--base-url", "http://127.0.0.1:1/v1", "--options", '{"retries": "3"}'],
            {},
            "option retries: '3' must be a whole number of at least 0",
        ),
        (["--base-url", "http://127.0.0.1:1/v1", "--options", '{"retrys": 3}'], {}, "has no option 'retrys'"),
    ],
)
def test_a_server_that_cannot_be_asked(tmp_path, arguments, environment, message):
    write_requests(tmp_path / "requests.jsonl", 1)
    assert message in error_of(complete(tmp_path, *arguments, **environment))
    assert not (tmp_path / "responses.jsonl").exists()


def test_a_model_that_the_server_refuses(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 40)
    with BadServer({"404": 1.0}) as server:
        run = complete(tmp_path, "--base-url", server.url, *options(concurrency=4))
    assert "refuses model 'm'" in error_of(run) and len(server.log) <= 8


def test_a_fault_of_all_does_not_wait_for_what_waits(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 8)
    script = {f"request {n}": ["limit"] * 99 for n in range(7)} | {"request 7": ["404"]}
    with BadServer(script=script, retry_after=600) as server:
        began = time.monotonic()
        run = complete(tmp_path, "--base-url", server.url, *options(concurrency=8))
    assert "refuses model 'm'" in error_of(run) and time.monotonic() - began < 60


def test_a_server_that_is_not_there_is_given_up(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 2)
    proxied = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url, **proxied)
    assert run.returncode == 0, "no proxy stands before loopback"
    again = [*options(retries=1), "--model", "other"]
    run = complete(tmp_path, "--base-url", server.url, "--max-failed-share", "0.5", *again)
    assert "(connection 2)" in error_of(run)


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": None}, {"prompt_tokens": "many"}])
def test_odd_counts_of_tokens_are_no_reason_to_fall_over(usage):
    body = {"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}], "usage": usage}
    try:
        found = endpoint._read(ask("r", "x", SAMPLING, (0, "test")), body)
    except ValueError:
        assert usage == {"prompt_tokens": "many"}, "taken for a broken answer, which is tried again"
    else:
        assert found["response"]["body"]["usage"]["total_tokens"] == 0


def test_an_output_that_is_a_folder_is_left_alone(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    (tmp_path / "responses.jsonl").mkdir()
    (tmp_path / "responses.jsonl" / "kept").write_text("x")
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url)
    assert "is a folder; name a file" in error_of(run)
    assert (tmp_path / "responses.jsonl" / "kept").read_text() == "x"


def test_the_fault_of_all_is_told_and_not_what_it_brought_about(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 60)
    script = {f"request {n}": ["error"] * 9 for n in range(1, 60)} | {"request 0": ["404"]}
    with BadServer(script=script) as server:
        run = complete(tmp_path, "--base-url", server.url, "--max-failed-share", "0.05", *options(retries=3))
    assert "refuses model 'm'" in error_of(run)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("[]", "must be a JSON object"),
        ('{"requests_per_minute": 0}', "option requests_per_minute: 0 must be a number above 0"),
        ('{"key_variable": 5}', "option key_variable: 5 must be a text"),
    ],
)
def test_options_of_a_wrong_kind(tmp_path, settings, message):
    write_requests(tmp_path / "requests.jsonl", 1)
    assert message in error_of(complete(tmp_path, "--base-url", "http://127.0.0.1:1/v1", "--options", settings))


def test_two_requests_of_one_name_are_refused_before_anything_is_asked(tmp_path):
    request = ask("r", "x", SAMPLING, (0, "test"))
    write_records(tmp_path / "requests.jsonl", [request, request], REQUEST)
    with BadServer() as server:
        run = complete(tmp_path, "--base-url", server.url)
    assert "custom_id 'r:1:1' occurs twice" in error_of(run) and server.log == []


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), ("1.5", 1.5, 1.5), ("", 0, 0), ("soon", 0, 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("-3", 0, 0)],
)
def test_retry_after_is_a_number_or_a_date(value, low, high):
    assert low <= endpoint.retry_after({"retry-after": value}) <= high


def test_retry_after_a_date_to_come():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < endpoint.retry_after({"retry-after": soon}) <= 30


# --- servers of the step's own ------------------------------------------------------------------------------

OWN = f"{sys.executable} {ROOT / 'tests/support/bad_server.py'} --port {{port}}"


def descendants_serving():
    """Servers of this test; others may run beside it."""
    test = os.environ["PYTEST_CURRENT_TEST"]
    return [
        process.pid for process in psutil.process_iter(["cmdline", "environ"])
        if "bad_server.py" in " ".join(process.info["cmdline"] or [])
        and (process.info["environ"] or {}).get("PYTEST_CURRENT_TEST") == test
    ]  # fmt: skip


def test_a_server_of_its_own_is_started_fed_and_stopped(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 20)
    run = complete(tmp_path, "--command", OWN, backend="server")
    assert run.returncode == 0, run.stderr
    assert collect_answers([tmp_path / "responses.jsonl"])["r7", 1].text == answer_to("request 7")
    assert "listening on" in (tmp_path / "responses.jsonl.server.log").read_text()
    assert descendants_serving() == []
    again = complete(tmp_path, "--command", f"{sys.executable} -c 1/0 {{port}}", backend="server")
    assert again.returncode == 0, "what is answered needs no server"


def test_two_servers_at_once_do_not_collide(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 20)
    step = [sys.executable, str(ROOT / "scripts/engines/complete_requests.py"), str(tmp_path / "requests.jsonl")]
    step += ["--backend", "server", "--model", "m", "--command", OWN]
    runs = [subprocess.Popen([*step, "--output", str(tmp_path / f"out{n}.jsonl")], stderr=-1) for n in range(3)]
    assert [run.communicate() and run.returncode for run in runs] == [0, 0, 0]
    ports = {(tmp_path / f"out{n}.jsonl.server.log").read_text() for n in range(3)}
    assert len(ports) == 3 and descendants_serving() == []


def test_a_server_that_dies_is_started_again_once(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 30)
    run = complete(tmp_path, "--command", f"{OWN} --die-after 20", "--concurrency", "2", backend="server")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "responses.jsonl.server.log").read_text().count("listening on") == 2


def test_a_server_that_dies_again_is_an_error_and_what_it_answered_is_kept(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 60)
    run = complete(tmp_path, "--command", f"{OWN} --die-after 10", "--concurrency", "2", backend="server")
    told = error_of(run)
    assert "the server ended 2 times: listening on" in told and "responses.jsonl.server.log" in told
    again = complete(tmp_path, "--command", OWN, backend="server")
    assert again.returncode == 0 and "60/60" in again.stderr
    assert (tmp_path / "responses.jsonl.server.log").read_text().count("listening on") == 3


def test_a_server_that_is_never_healthy(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    sleeping = f"{sys.executable} -c 'import time; print(\"loading\", flush=True); time.sleep(600)' {{port}}"
    run = complete(tmp_path, "--command", sleeping, *options(startup_timeout=2), backend="server")
    assert "not healthy after 2 s: loading" in error_of(run)


def test_a_server_that_ends_at_once_shows_its_last_lines(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    run = complete(tmp_path, "--command", f"{sys.executable} -c 1/0 {{port}}", backend="server")
    assert "ended before it was healthy" in error_of(run) and "ZeroDivisionError" in error_of(run)


def test_a_port_in_use_is_named(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = complete(tmp_path, "--command", OWN, *options(port=port), backend="server")
    assert f"port {port} is in use" in error_of(run)


def test_commands_that_cannot_be_meant():
    with pytest.raises(BadInput, match="are filled in, and 'prot' is not"):
        load_backend("server", "m", {"command": "serve {prot}", "log": "x"})
    with pytest.raises(BadInput, match="the backend server lacks 'command'; add it .what starts it, with {model}"):
        load_backend("server", "m", {"log": "x"})
    with pytest.raises(BadInput, match="option command: '' must be a text that is not empty"):
        load_backend("server", "m", {"command": "", "log": "x"})
    with pytest.raises(BadInput, match="command: it is empty; give one"):
        load_backend("server", "m", {"command": "  ", "log": "x"})


def test_no_server_outlives_a_killed_step(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 200)
    step = [
        sys.executable,
        str(ROOT / "scripts/engines/complete_requests.py"),
        str(tmp_path / "requests.jsonl"),
        "--backend",
    ]
    step += ["server", "--model", "m", "--command", f"sh -c '{OWN}; true'", "--output", str(tmp_path / "out.jsonl")]
    step += options(requests_per_minute=600)
    run = subprocess.Popen(step, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not Path(tmp_path / "out.jsonl.journal").exists() or not Path(tmp_path / "out.jsonl.journal").stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert descendants_serving()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    while descendants_serving():
        assert time.monotonic() < deadline + 20, "the guardian ends the server, and what that started"
        time.sleep(0.1)


# --- replay -------------------------------------------------------------------------------------------------


def test_an_earlier_run_is_replayed_by_what_was_asked(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 10)
    with BadServer() as server:
        assert complete(tmp_path, "--base-url", server.url).returncode == 0
    earlier = (tmp_path / "responses.jsonl").rename(tmp_path / "earlier.jsonl")
    lines = (tmp_path / "requests.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "requests.jsonl").write_text("".join(lines[3:5]).replace("r3:1:1", "other:1:1"))
    run = complete(tmp_path, "--responses", str(earlier), backend="replay")
    assert run.returncode == 0, run.stderr
    answers = collect_answers([tmp_path / "responses.jsonl"])
    assert {key: answer.text for key, answer in answers.items()} == {
        ("other", 1): answer_to("request 3"),
        ("r4", 1): answer_to("request 4"),
    }


def test_a_request_that_was_never_asked_is_named(tmp_path):
    write_requests(tmp_path / "requests.jsonl", 2)
    with BadServer() as server:
        assert complete(tmp_path, "--base-url", server.url).returncode == 0
    earlier = (tmp_path / "responses.jsonl").rename(tmp_path / "earlier.jsonl")
    write_requests(tmp_path / "requests.jsonl", 3)
    told = error_of(complete(tmp_path, "--responses", str(earlier), backend="replay"))
    assert "request r2:1:1: the earlier run has no answer to it" in told
    assert "no such file" in error_of(complete(tmp_path, "--responses", "/none.jsonl", backend="replay"))
    told = error_of(complete(tmp_path, backend="replay"))
    assert "the backend replay lacks 'responses'; add it (JSONL: responses of an earlier run)" in told
