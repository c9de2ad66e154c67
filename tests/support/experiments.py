"""Experiments for tests: the default one with changes, and random ones."""

import copy
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from refinement.experiment.configuration import check_config, complete_config, merge
from refinement.experiment.experiment import Experiment

ROOT = Path(__file__).parents[2]
DEFAULT = complete_config({}, ROOT)
some_examples = settings(max_examples=25, deadline=None)  # each is a whole config to check
BACKENDS = {
    "transformers": {},
    "server": {"command": "serve {model} --port {port}", "gpus": 2},
    "endpoint": {"base_url": "http://127.0.0.1:9/v1", "key_variable": None},
}


def config_of(**changes):
    """The default config with changes, checked."""
    config = merge(copy.deepcopy(DEFAULT), copy.deepcopy(changes))
    check_config(config, ROOT)
    return config


def experiment_of(**changes):
    """The default experiment with changes to its config."""
    return Experiment(config_of(**changes), ROOT)


class Wildcards:
    """A rule's wildcards."""

    def __init__(self, **values):
        self.__dict__.update(values)


def student(name, **more):
    """A student whose base is one of the hub."""
    training = {"epochs": 1, "batch_size": 8, "learning_rate": 0.001}
    return {"name": name, "title": name.title(), "model": "owner/base", "training": training, **more}


def variant(name, iterations=1, **more):
    """A variant that does as the method does."""
    entry = {"name": name, "title": name.title(), "iterations": iterations, "loss": "all"}
    return {**entry, "on_self_win": "replace", "on_original_win": "critique", **more}


def benchmark(name, **more):
    """A benchmark of the miniature."""
    decoding = {"samples": 1, "temperature": 0.0, "max_tokens": 9}
    entry = {"name": name, "title": name.title(), "kind": "miniature", "size": 5, "depths": {"1": 1}, "part": "0/1"}
    return {**entry, "decoding": decoding, "decontaminate": True, **more}


def baseline(name, backend=None, **more):
    """A model that is measured and not trained."""
    own = {"backend": backend, "options": BACKENDS[backend]} if backend else {}
    return {"name": name, "title": name.title(), "model": f"owner/{name}", **own, **more}


def guarded(names, **more):
    """The part of a config about leakage that knows these benchmarks."""
    return {"benchmarks": [{"name": name, "title": name, "field": "prompt", **more} for name in names]}


@st.composite
def changes(draw):
    """Changes to the default config, of all that decides which files an experiment is made of."""
    final = draw(st.integers(1, 3))
    last = draw(st.integers(final, 4))
    variants = [variant("acr", last)]
    for name in draw(st.lists(st.sampled_from(["a", "b-1.5", "b_1", "b"]), unique=True)):
        own = draw(
            st.sampled_from([{}, {}, {"training": {"epochs": 2}}, {"teacher": {"errors": "none"}}, {"loss": "last"}])
        )
        starts = "training" in own or "teacher" in own
        variants.append(variant(
            name, draw(st.integers(0 if starts else 1, 3)),
            on_self_win=draw(st.sampled_from(["replace", "keep", "drop"])),
            on_original_win=draw(st.sampled_from(["critique", "single", "drop"])),
        ) | own)  # fmt: skip
    names = draw(st.lists(st.sampled_from(["x", "y", "z-1.5", "z_2"]), min_size=1, unique=True))
    benchmarks = [benchmark(names[0])]
    for name in names[1:]:
        asked = [entry["name"] for entry in benchmarks if "answers_of" not in entry]
        other = draw(st.sampled_from([None, *asked]))
        benchmarks.append(benchmark(name, **({"answers_of": other} if other else {})))
    some = st.lists(st.sampled_from(names), unique=True)
    backend = draw(st.sampled_from(["transformers", "server"]))
    gpus = {"gpu": BACKENDS[backend].get("gpus", 0)}
    return {
        "seeds": draw(st.integers(1, 3)),
        "students": [student(name) for name in draw(st.sampled_from([["one"], ["one", "two"]]))],
        "variants": variants,
        "baselines": [
            baseline(name, draw(st.sampled_from([None, *BACKENDS]))) for name in draw(st.sampled_from([[], ["k"], ["k", "l"]]))
        ],
        "benchmarks": benchmarks,
        "final_iteration": final,
        "roles": {"student": {"backend": backend, "options": BACKENDS[backend]}},
        "resources": {"student": gpus, "benchmark": gpus},
        "tables": {name: draw(some) for name in ("table1", "table2", "table4", "table5")},
        "figures": {name: draw(some) for name in ("figure3", "figure4", "figure6")},
        "feedback": {"iterations": draw(st.lists(st.integers(0, final), min_size=1, unique=True))},
        "leakage": {"datasets": [], **guarded(names)},
    }  # fmt: skip


def experiments():
    """Random experiments in the method."""
    return changes().map(lambda drawn: experiment_of(**drawn))
