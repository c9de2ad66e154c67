"""Requests, attempts, and the journal that survives a kill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.completion.backends import load_backend
from refinement.completion.engine import Completion, Policy
from refinement.completion.journal import Journal
from refinement.completion.record_types import REQUEST, RESPONSE
from refinement.completion.requests import RequestId, ask, ask_again, collect_answers, fail, parse_id, respond
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile, write_records

SAMPLING = {"temperature": 0.0, "max_tokens": 8}


class Counting:
    """A backend that notes what it is asked; answers what ``answer`` says."""

    def __init__(self, answer=lambda request: "fine"):
        self.asked, self._answer = [], answer

    def identify(self, request):
        return "counting"

    def complete(self, batch):
        group = []
        for request in batch:
            self.asked.append(request["custom_id"])
            text = self._answer(request)
            group.append((request, respond(request, text) if text is not None else fail(request, "broken", "no")))
        yield group


def requests(count):
    return [ask(f"r{number}", "hello", SAMPLING, (0, "test")) for number in range(count)]


def run(backend, path, *batches, attempts=1, share=1.0):
    policy = Policy(lambda text: text != "?", attempts, 0.7, share)
    with Journal(path, backend.identify) as journal:
        return list(Completion(batches, policy).run(backend, journal))


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


def test_a_group_cut_short_by_a_kill_is_dropped_whole(tmp_path):
    path = tmp_path / "journal"
    run(Counting(), path, requests(4)[:2], requests(4)[2:])
    whole = path.read_bytes()
    for cut in (1, 2, 7, len(whole) // 3):
        path.write_bytes(whole[:-cut])
        backend = Counting()
        run(backend, path, requests(4))
        assert backend.asked == ["r2:1:1", "r3:1:1"]
        assert path.read_bytes() == whole


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_survives_the_journal(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("journal") / "journal"
    told = {f"r{number}:1:1": text for number, text in enumerate(texts)}
    one = run(Counting(lambda request: told[request["custom_id"]]), path, requests(len(texts)))
    silent = Counting()
    assert run(silent, path, requests(len(texts))) == one and silent.asked == []


def test_what_cannot_be_read_is_asked_again_up_to_the_limit_and_an_error_is_not(tmp_path):
    told = {"r0:1:1": "fine", "r1:1:3": "fine", "r3:1:1": None}
    backend = Counting(lambda request: told.get(request["custom_id"], "?"))
    responses = run(backend, tmp_path / "journal", requests(4), attempts=3)
    assert backend.asked == ["r0:1:1", "r1:1:1", "r2:1:1", "r3:1:1", "r1:1:2", "r2:1:2", "r1:1:3", "r2:1:3"]
    order = ["r0:1:1", "r1:1:1", "r1:1:2", "r1:1:3", "r2:1:1", "r2:1:2", "r2:1:3", "r3:1:1"]
    assert [response["custom_id"] for response in responses] == order, "those to one request in a row"
    write_records(tmp_path / "responses.jsonl", responses, RESPONSE)
    answers = collect_answers([tmp_path / "responses.jsonl"])
    assert [answers[f"r{n}", 1].text for n in range(4)] == ["fine", "fine", "?", None]
    assert answers["r3", 1].error == "broken"


def test_failures_are_bounded_and_named_by_their_commonest_reasons(tmp_path):
    told = {"r0:1:1": None, "r1:1:1": None, "r2:1:1": "?"}
    backend = Counting(lambda request: told.get(request["custom_id"], "fine"))
    assert len(run(backend, tmp_path / "journal", requests(6), share=0.5)) == 6
    with pytest.raises(BadInput, match=r"3 of 6 requests have no readable answer .broken 2, unreadable 1"):
        run(backend, tmp_path / "journal", requests(6), share=0.4)


@given(st.integers(0, 30), st.integers(1, 7), st.booleans())
def test_shares_of_a_file_are_disjoint_and_complete(tmp_path_factory, count, parts, ended):
    path = tmp_path_factory.mktemp("shares") / "requests.jsonl"
    write_records(path, requests(count), REQUEST)
    if not ended:
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    shares = [RecordFile(path, REQUEST).share(part, parts) for part in range(1, parts + 1)]
    assert [len(share) for share in shares] == [len(list(share)) for share in shares]
    names = [request["custom_id"] for share in shares for request in share]
    assert sorted(names) == sorted(request["custom_id"] for request in requests(count))


def test_unknown_backends_and_models_are_named():
    with pytest.raises(BadInput, match="choose one of scripted, transformers, endpoint, server, replay"):
        load_backend("oracle", None, {})
    with pytest.raises(BadInput, match="the backend endpoint has no option 'base_ur'; it has base_url, concurrency"):
        load_backend("endpoint", "m", {"base_ur": "http://x"})
    with pytest.raises(BadInput, match="no model 'oracle'"):
        load_backend("scripted", "oracle", {})
