"""Records: invalid lines are reported with their location; files are written atomically."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refinement.completion.record_types import SAMPLE
from refinement.leakage.similarity import find_near_duplicates
from refinement.miniature.record_types import DOCUMENT
from refinement.records.accounts import Account
from refinement.records.catalogue import record_types
from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, index_records, load_records, read_json, write_json, write_records
from refinement.records.randomness import hash_seed
from refinement.records.record_types import REJECTION
from refinement.records.sources import read_rows

ANSWER = {"id": "a", "sample": 1, "response": "x", "finish_reason": "stop"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "a", ', "not JSON"),
        ('{"id": "a", "sample": 1, "response": "x"}', "without the field 'finish_reason'"),
        (
            '{"id": "a", "sample": "1", "response": "x", "finish_reason": "stop"}',
            "'sample' of a sample must be a whole number",
        ),
        ('{"id": "a", "sample": true, "response": "x", "finish_reason": "stop"}', "must be a whole number"),
        ("[1]", "must be a JSON object"),
        ("", "empty line"),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path, line, says):
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(ANSWER) + "\n" + line + "\n")
    with pytest.raises(BadInput) as error:
        load_records(path, SAMPLE)
    assert str(error.value).startswith(f"{path}:2: ") and says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_a_binary_file_and_a_duplicate(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        load_records(tmp_path / "none.jsonl", SAMPLE)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        load_records(tmp_path / "binary", SAMPLE)
    with pytest.raises(BadInput, match="'a' .* occurs twice"):
        index_records([ANSWER, ANSWER], "id")
    with pytest.raises(BadInput, match="no such file"):
        read_json(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "samples.jsonl"
    write_records(path, [ANSWER], SAMPLE)

    def broken():
        yield ANSWER
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_records(path, broken(), SAMPLE)
    with pytest.raises(BadInput):
        write_records(path, [ANSWER, {"id": "a"}], SAMPLE)
    assert load_records(path, SAMPLE) == [ANSWER]
    assert [entry.name for entry in tmp_path.iterdir()] == ["samples.jsonl"]


def test_a_file_does_not_replace_a_folder(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/thesis.txt").write_text("precious")
    for write in (lambda path: write_json(path, {}), lambda path: write_records(path, [], DOCUMENT)):
        with pytest.raises(BadInput, match="results: is a folder; name a file"):
            write(tmp_path / "results")
    assert (tmp_path / "results/thesis.txt").read_text() == "precious"


def test_a_folder_is_written_atomically(tmp_path):
    target = tmp_path / "model"
    for text in ("one", "two"):
        with atomic_write(target, folder=True) as folder:
            folder.mkdir()
            (folder / "file").write_text(text)
    with pytest.raises(RuntimeError), atomic_write(target, folder=True) as folder:
        folder.mkdir()
        raise RuntimeError
    assert (target / "file").read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


def test_only_leftovers_of_the_same_target_are_removed(tmp_path):
    killed, other = tmp_path / ".model.0123456789ab.part", tmp_path / ".model.log.json.0123456789ab.part"
    killed.mkdir()
    other.write_text("being written")
    with atomic_write(tmp_path / "model", folder=True) as folder:
        folder.mkdir()
    assert not killed.exists() and other.exists()


@given(st.lists(st.text(max_size=30), max_size=5))
def test_records_round_trip(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("records") / "samples.jsonl"
    records = [{**ANSWER, "id": str(number), "response": text} for number, text in enumerate(texts)]
    assert write_records(path, records, SAMPLE) == len(texts)
    assert load_records(path, SAMPLE) == records


ANY = st.text(st.characters(), max_size=30)  # half characters (surrogates), which UTF-8 lacks, are among them


def as_json_has_it(text):
    """Join surrogate pairs into the characters that they encode, as reading JSON does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@given(st.lists(st.one_of(ANY, st.text('a\ud800\udc00\\"ä', max_size=9)), max_size=5))
@example(["a\ud800 b", "\ud83d", "\ude00\ud83d", "\ud83d\ude00", "\\\ud800", '"\udfff"', "\\ud800", "\u2028\x00"])
def test_any_text_round_trips(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("any")
    records = [{**ANSWER, "id": str(number), "response": text} for number, text in enumerate(texts)]
    write_records(folder / "samples.jsonl", records, SAMPLE)
    write_json(folder / "texts.json", texts)
    expected = [as_json_has_it(text) for text in texts]
    assert [record["response"] for record in load_records(folder / "samples.jsonl", SAMPLE)] == expected
    assert [row.record["response"] for row in read_rows(str(folder / "samples.jsonl"))] == expected
    assert read_json(folder / "texts.json") == expected
    lines = (folder / "samples.jsonl").read_text(encoding="utf-8").split("\n")
    for record, line in zip(records, lines, strict=False):
        if not any("\ud800" <= character <= "\udfff" for character in record["response"]):
            assert line == json.dumps(record, ensure_ascii=False, separators=(",", ":")), "as ever"


def test_only_lone_surrogates_are_escaped(tmp_path):
    write_records(tmp_path / "one.jsonl", [{**ANSWER, "response": "ä\ud800é"}], SAMPLE)
    assert '"response":"ä\\ud800é"' in (tmp_path / "one.jsonl").read_text(encoding="utf-8")


def test_ids_and_texts_may_hold_lone_surrogates():
    assert hash_seed(0, "a\ud800") != hash_seed(0, "a\ud801") != hash_seed(0, "a")
    assert find_near_duplicates(["\ud800", "x", "\ud800"], 0.5) == {2: 0}


def test_an_account_must_balance(tmp_path):
    account = Account("test")
    account.taken, account.given = 3, 1
    account.reject("a", "bad", "x" * 500)
    with pytest.raises(AssertionError, match="3 in, 1 out"):
        account.write(str(tmp_path / "counts.json"))
    account.reject("b", "bad")
    account.write(str(tmp_path / "counts.json"), str(tmp_path / "rejected.jsonl"))
    assert read_json(tmp_path / "counts.json")["rejected"] == {"bad": 2}
    assert len(load_records(tmp_path / "rejected.jsonl", REJECTION)[0]["detail"]) == 200


def test_every_record_type_and_field_has_a_description():
    for kind in record_types():
        assert kind.description and kind.path
        assert all(field.description for field in kind.fields)
