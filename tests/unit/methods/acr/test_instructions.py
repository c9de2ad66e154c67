"""Harvesting, evolving and selecting: each filter drops what it should, with its reason."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.completion.requests import Answer
from refinement.leakage.similarity import BenchmarkOverlap, find_near_duplicates, overlap_with
from refinement.methods.acr.harvest import Filters, find_candidates, find_fault
from refinement.methods.acr.instructions import choose_strategy, collect_evolutions, collect_ideas, identity_of, select
from refinement.miniature.lists.grammar import REDUCERS, instruct, read_instruction
from refinement.miniature.lists.problems import apportion, compose_problems, share_of
from refinement.miniature.lists.tasks import draw_specification, draw_wording
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.randomness import keyed

FILTERS = Filters(max_lines=10, max_characters=300, forbidden_modules=("os",))
GOOD = 'def f(x):\n    """Double."""\n    return 2 * x'


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (GOOD, None),
        ("def f(x):\n    return 2 * x", "no_docstring"),
        ('def f():\n    """One."""\n    return 1', "no_arguments"),
        ('def f(x):\n    """Nothing."""\n    print(x)', "no_return"),
        ('def f(x):\n    """Nothing."""\n    return', "no_return"),
        (GOOD + "\n" * 12, "too_long"),
        ('def f(x):\n    """Long."""\n    return "' + "x" * 400 + '"', "too_long"),
        ('def f(x):\n    """Run."""\n    return os.system(x)', "forbidden_import"),
        ('def f(x):\n    """Run."""\n    from os import path\n    return path.join(x)', "forbidden_import"),
        ('def f(x):\n    """TODO: better."""\n    return x', "todo"),
        ("def f(", "does_not_parse"),
        ("x = 1", "no_function"),
    ],
)
def test_each_filter(code, reason):
    fault = find_fault(code, FILTERS)
    assert (fault[0] if fault else None) == reason


def test_sources(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text(GOOD + "\n\nclass C:\n    def g(self):\n        pass\n")
    (tmp_path / "sub" / "b.py").write_text("def h(x):\n    return x\n")
    assert [c["source"] for c in find_candidates(str(tmp_path))] == ["a:1", "sub.b:1"]
    assert [c["code"] for c in find_candidates(str(tmp_path / "a.py"))] == [GOOD]
    (tmp_path / "own.jsonl").write_text('{"code": "x"}\n{"kode": "y"}\n')
    with pytest.raises(BadInput, match=r"own.jsonl:2: .* field 'code'"):
        list(find_candidates(str(tmp_path / "own.jsonl")))
    with pytest.raises(BadInput, match="no such file or folder"):
        list(find_candidates(str(tmp_path / "none")))


def test_the_standard_library_is_a_source():
    found = list(find_candidates("stdlib"))
    passed = [c for c in found if find_fault(c["code"], Filters(60, 2500, ("os",))) is None]
    assert len(passed) > 500
    assert len({c["id"] for c in found}) == len(found)
    assert not any(c["source"].startswith("test.") for c in found)


def test_near_duplicates_point_to_the_earlier_text():
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join(words), " ".join(reversed(words)), " ".join([*words[:-1], "other"])]
    assert find_near_duplicates(texts, 0.7) == {2: 0}
    assert find_near_duplicates([texts[0], texts[2], texts[0]], 1.0) == {2: 0}


def test_overlaps_are_found_whatever_the_case_and_spacing():
    overlap = BenchmarkOverlap(["Return the sum of all even numbers, please."], 4)
    assert overlap.find("It must return  THE sum of odds") == "return the sum of"
    assert overlap.find("Return a sum of all") is None
    assert overlap_with([], 0) is None


def test_strategies_are_uniform_and_seeded():
    names = ["a", "b", "c"]
    drawn = [choose_strategy(str(n), names, 0, 1) for n in range(3000)]
    assert drawn == [choose_strategy(str(n), names, 0, 1) for n in range(3000)]
    assert all(900 < drawn.count(name) < 1100 for name in names)
    assert drawn != [choose_strategy(str(n), names, 0, 2) for n in range(3000)]


def ideas(answers, per_snippet=1):
    account = Account("ideas")
    return list(collect_ideas([{"id": "s"}], answers, per_snippet, account)), account


def test_an_answer_that_does_not_parse_is_counted():
    found, account = ideas(
        {("s", 1): Answer("no format", "stop", None), ("s", 2): Answer(None, "error", "content_filter")}, 3
    )
    assert found == [] and account.taken == 3
    assert account.rejected == {"content_filter": 1, "no_response": 1, "unreadable": 1}


PARENT = {"id": "i", "instruction": "Sort the list.", "concepts": ["sorting"], "snippet": "s", "lineage": []}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sort  the list.", "unchanged"),
        ("This created prompt sorts.", "forbidden_phrase"),
        ("Return the sum of it.", "benchmark_overlap"),
        ("", "unreadable"),
        (None, "timeout"),
    ],
)
def test_a_rejected_version_leaves_its_parent(text, reason):
    account = Account("evolutions")
    answers = {("i", 1): Answer(text, "stop", None if text is not None else "timeout")}
    overlap = BenchmarkOverlap(["return the sum of"], 4)
    kept = list(
        collect_evolutions([PARENT], answers, lambda _: "addition", 1, ["created prompt"], overlap, False, account)
    )
    assert kept == [PARENT] and account.rejected == {reason: 1}


def test_a_new_version_replaces_its_parent_or_joins_it():
    answers = {("i", 1): Answer("Sort it, then reverse it.", "stop", None)}
    for keep_all, names in ((False, ["i"]), (True, ["i", "i.r1"])):
        account = Account("evolutions")
        kept = list(collect_evolutions([PARENT], answers, lambda _: "addition", 1, [], None, keep_all, account))
        assert [record["id"] for record in kept] == names
        assert kept[-1]["lineage"] == ["addition"] and account.given == 1


def test_versions_that_join_their_parents_have_names_of_their_own():
    records = [PARENT]
    for number in (1, 2):
        answers = {(r["id"], 1): Answer(f"{r['instruction']} And round {number}.", "stop", None) for r in records}
        records = list(collect_evolutions(records, answers, lambda _: "addition", number, [], None, True, Account("e")))
    assert [record["id"] for record in records] == ["i", "i.r2", "i.r1", "i.r1.r2"]


def test_selection_drops_the_same_task_in_other_words():
    specification = draw_specification(keyed("selection"), 2)
    wordings = {draw_wording(keyed("words", n), specification) for n in range(20)}
    records = [{**PARENT, "id": str(n), "instruction": instruct(w)} for n, w in enumerate(wordings)]
    assert len(records) > 2

    def chosen(identity, problems=(), size=100):
        account = Account("selection")
        return select(records, list(problems), identity, None, None, size, 0, account), account.rejected

    assert len(chosen("specification")[0]) == 1
    assert len(chosen("text")[0]) == len(records)
    assert chosen("specification", [records[0]["instruction"]]) == ([], {"benchmark_overlap": len(records)})
    assert chosen("text", size=2)[1] == {"surplus": len(records) - 2}


def test_benchmarks_of_different_parts_share_no_task():
    parts = [list(compose_problems(f"b{part}", 60, {1: 1, 2: 1}, part, 2, 0)) for part in range(2)]
    names = [{identity_of(problem["prompt"], "specification") for problem in problems} for problems in parts]
    assert len(names[0]) == len(names[1]) == 60 and not names[0] & names[1]
    shares = [share_of(draw_specification(keyed("part", n), 2), 2) for n in range(1000)]
    assert 430 < sum(shares) < 570


@given(
    st.integers(0, 500),
    st.dictionaries(st.integers(1, 6), st.floats(0.01, 10), min_size=1),
)
def test_problems_are_apportioned_by_weight(size, weights):
    counts = Counter(apportion(size, weights))
    assert counts.total() == size
    for key, weight in weights.items():
        assert abs(counts[key] - size * weight / sum(weights.values())) < 1


def test_two_splits_of_one_composition_are_equally_hard():
    def composition(part):
        wordings = [read_instruction(p["prompt"]) for p in compose_problems(f"s{part}", 80, {1: 1, 2: 3}, part, 3, 0)]
        specifications = [wording.specification for wording in wordings]
        return Counter(s.depth for s in specifications), Counter(s.reducer.operation for s in specifications)

    assert composition(0) == composition(1) == (Counter({2: 60, 1: 20}), Counter({r.name: 10 for r in REDUCERS}))


def test_more_problems_than_there_are_is_a_clear_error():
    with pytest.raises(BadInput, match="not enough tasks of 1 steps"):
        list(compose_problems("b", 5000, {1: 1}, 0, 3, 0))
