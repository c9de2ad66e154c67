"""Configs laid over each other, and the files that they name: the user's first, then the project's."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.experiment.configuration import check_config, complete_config, merge
from refinement.records.errors import BadInput
from support.experiments import DEFAULT, ROOT, baseline, benchmark, config_of, guarded, student

TREES = st.recursive(
    st.none() | st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


def merged(below, above):
    """What merging must come to, written down a second time."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {
        key: merged(below[key], above[key]) if key in below and key in above else above.get(key, below.get(key))
        for key in {*below, *above}
    }


@given(MAPPINGS, MAPPINGS)
def test_mappings_are_merged_and_all_else_is_replaced(below, above):
    before = copy.deepcopy(above)
    assert merge(copy.deepcopy(below), above) == merged(below, above)
    assert above == before


def test_a_user_s_list_replaces_the_default_s_and_a_user_s_mapping_joins_it():
    config = complete_config({"variants": [{"name": "acr"}], "scoring": {"samples": 3}}, ROOT)
    assert config["variants"] == [{"name": "acr"}]
    assert config["scoring"] == {**DEFAULT["scoring"], "samples": 3}


@pytest.mark.parametrize("given_", [{}, {"method": "acr"}])
def test_the_default_is_that_of_the_method(given_):
    assert complete_config(given_, ROOT) == DEFAULT


def test_another_method_s_default_is_its_miniature(tmp_path):
    (tmp_path / "config" / "other").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("method: acr\nscoring: {samples: 7}\n")
    (tmp_path / "config" / "other" / "miniature.yaml").write_text("method: other\nkept: {a: 1, b: 2}\n")
    found = complete_config({"method": "other", "kept": {"b": 3}}, tmp_path)
    assert found == {"method": "other", "kept": {"a": 1, "b": 3}}, "the keys of another method are not there"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder that is not the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_of_the_project_s_is_found_from_any_folder(elsewhere):
    prompts = config_of()["prompts"]
    assert prompts["critic"] == str(ROOT / "prompts/acr/critic.txt")
    assert prompts["evolution"] == str(ROOT / "prompts/acr/evolution"), "folders too"


def test_a_user_s_own_file_of_the_same_name_comes_first(elsewhere):
    (elsewhere / "prompts" / "acr").mkdir(parents=True)
    (elsewhere / "prompts" / "acr" / "critic.txt").touch()
    prompts = config_of()["prompts"]
    assert prompts["critic"] == "prompts/acr/critic.txt"
    assert prompts["judge_pair"] == str(ROOT / "prompts/acr/judge_pair.txt")


def test_in_the_project_s_folder_names_stay_as_they_are():
    config = complete_config({}, ROOT)
    check_config(config, ROOT)
    assert config == DEFAULT


NEEDED = [
    ({"prompts": {"critic": "no/such.txt"}}, "prompts.critic"),
    ({"students": [student("s", chat_template="no/such.jinja")]}, "students[0].chat_template"),
    (
        {"benchmarks": [benchmark("x"), {**benchmark("y"), "kind": "file", "path": "no/such.jsonl"}], **{"leakage": guarded("xy")}},
        "benchmarks[1].path",
    ),
]  # fmt: skip
NO_RESULTS = {
    "tables": {name: [] for name in ("table1", "table2", "table4")},
    "figures": {name: [] for name in ("figure3", "figure4", "figure6")},
}


@pytest.mark.parametrize(("changes", "place"), NEEDED)
def test_a_file_that_a_run_cannot_do_without_is_missed_in_one_line_with_its_place(changes, place):
    with pytest.raises(BadInput) as error:
        config_of(**NO_RESULTS, **changes)
    name = "no/such"
    assert str(error.value).startswith(f"{place}: there is no {name}.") and "\n" not in str(error.value)


def test_names_of_the_hub_are_left_alone(elsewhere):
    hub = {
        **benchmark("x"),
        "kind": "mbpp",
        "source": ["hub:a/b@1#test", "rules"],
        "template": "prompts/benchmarks/mbpp.txt",
    }
    config = config_of(
        students=[student("s", model="owner/model")], baselines=[baseline("k")], benchmarks=[hub], leakage=guarded("x"),
        snippets={"source": "stdlib"}, **NO_RESULTS,
    )  # fmt: skip
    assert config["students"][0]["model"] == "owner/model" and config["baselines"][0]["model"] == "owner/k"
    assert config["snippets"]["source"] == "stdlib"
    assert config["benchmarks"][0]["source"] == ["hub:a/b@1#test", str(ROOT / "rules")], "one name of a list by itself"


@pytest.mark.parametrize("value", [3, ["a"], {"a": 1}, None])
def test_what_is_no_name_at_all_is_said_by_the_schema(value):
    with pytest.raises(BadInput) as error:
        config_of(prompts={"critic": value})
    assert str(error.value).startswith("prompts.critic: ") and "\n" not in str(error.value)
