"""Requests, attempts, and the journal that survives a kill."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinecoder.backends import load_backend
from refinecoder.batch import (
    Journal,
    RequestId,
    ask,
    ask_again,
    collect_answers,
    complete_batch,
    fail,
    parse_id,
    respond,
)
from refinecoder.records import BadInput, write_records

SAMPLING = {"temperature": 0.0, "max_tokens": 8}


class Counting:
    """A backend that notes what it is asked; answers what ``answer`` says."""

    def __init__(self, answer=lambda request: "fine"):
        self.asked, self._answer = [], answer

    def identify(self, request):
        return "counting"

    def complete(self, batch):
        for request in batch:
            self.asked.append(request["custom_id"])
            text = self._answer(request)
            yield respond(request, text) if text is not None else fail(request, "broken", "no")


def requests(count):
    return [ask(f"r{number}", "hello", SAMPLING, (0, "test")) for number in range(count)]


def run(backend, path, batch, readable=bool, attempts=1):
    with Journal(path, backend.identify) as journal:
        return list(complete_batch(batch, backend, journal, readable, attempts, 0.7))


@given(st.text(), st.integers(1, 99), st.integers(1, 9))
def test_a_custom_id_can_be_taken_apart(name, sample, attempt):
    assert parse_id(str(RequestId(name, sample, attempt))) == (name, sample, attempt)


def test_a_wrong_custom_id_is_refused():
    with pytest.raises(BadInput, match="custom_id 'a:b'"):
        parse_id("a:b")


def test_seeds_differ_by_record_sample_and_attempt_and_by_nothing_else():
    one = ask("a", "x", SAMPLING, (0, "student", 1), sample=1)
    assert one == ask("a", "x", SAMPLING, (0, "student", 1), sample=1)
    others = [
        ask("b", "x", SAMPLING, (0, "student", 1)),
        ask("a", "x", SAMPLING, (0, "student", 1), 2),
        ask_again(one, 0.7),
    ]
    assert len({request["body"]["seed"] for request in [one, *others]}) == 4
    assert ask_again(one, 0.7)["body"]["temperature"] == 0.7


def test_an_answered_request_is_never_asked_again(tmp_path):
    first, second = Counting(), Counting()
    one = run(first, tmp_path / "journal", requests(5))
    two = run(second, tmp_path / "journal", requests(5))
    assert one == two and len(first.asked) == 5 and second.asked == []


def test_a_changed_request_is_asked_again(tmp_path):
    run(Counting(), tmp_path / "journal", requests(3))
    changed = requests(3)
    changed[1]["body"]["temperature"] = 1.0
    backend = Counting()
    run(backend, tmp_path / "journal", changed)
    assert backend.asked == ["r1:1:1"]


def test_a_line_cut_short_by_a_kill_is_dropped(tmp_path):
    path = tmp_path / "journal"
    for part in (requests(4)[:2], requests(4)[2:]):
        run(Counting(), path, part)
    path.write_bytes(path.read_bytes()[:-7])
    backend = Counting()
    run(backend, path, requests(4))
    assert backend.asked == ["r2:1:1", "r3:1:1"]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_what_cannot_be_read_is_asked_again_up_to_the_limit(tmp_path):
    backend = Counting(lambda request: "fine" if request["custom_id"] in ("r0:1:1", "r1:1:3") else None)
    responses = run(backend, tmp_path / "journal", requests(3), attempts=3)
    assert backend.asked == ["r0:1:1", "r1:1:1", "r2:1:1", "r1:1:2", "r2:1:2", "r1:1:3", "r2:1:3"]
    write_records(tmp_path / "responses.jsonl", responses, "response")
    answers = collect_answers([tmp_path / "responses.jsonl"])
    assert (answers["r0", 1].text, answers["r1", 1].text, answers["r2", 1].text) == ("fine", "fine", None)
    assert answers["r2", 1].error == "broken"


def test_unknown_backends_and_models_are_named():
    with pytest.raises(BadInput, match="choose one of scripted, transformers"):
        load_backend("oracle", None, {})
    with pytest.raises(BadInput, match="no model 'oracle'"):
        load_backend("scripted", "oracle", {})
