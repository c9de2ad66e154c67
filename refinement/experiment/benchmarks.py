"""Benchmarks of an experiment: where their problems lie, how they are read and answered, how models score on them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from refinement.benchmarks.kinds import PREPARED, module_name
from refinement.experiment.commands import as_json, as_list
from refinement.experiment.experiment import Experiment
from refinement.experiment.paths import BASELINES, BENCHMARK, RUN
from refinement.records.digest import code_digest

KIND_SETTINGS = ("split", "ids", "from", "until", "language", "size", "limit", "unsolvable")  # what a kind reads


def problems(experiment: Experiment, run: str, name: str) -> str:
    """The file of a benchmark's problems."""
    entry = experiment.benchmarks[name]
    return entry["path"] if entry["kind"] == "file" else f"{RUN.format(run=run)}/benchmarks/{name}.jsonl"


def guarded_problems(experiment: Experiment, run: str) -> list[str]:
    """The problems of the benchmarks that training data must not overlap with."""
    return [problems(experiment, run, name) for name, entry in experiment.benchmarks.items() if entry["decontaminate"]]


def of_kind(experiment: Experiment, *kinds: str) -> list[str]:
    """Names of the benchmarks of some kinds."""
    return [name for name, entry in experiment.benchmarks.items() if entry["kind"] in kinds]


def prepared(experiment: Experiment) -> list[str]:
    """Names of the benchmarks that are read from their own data."""
    return of_kind(experiment, *PREPARED)


def sources(experiment: Experiment, name: str) -> list[str]:
    """A benchmark's own data, as the config names them."""
    return as_list(experiment.benchmarks[name]["source"])


def source_files(experiment: Experiment, name: str) -> list[str]:
    """Those of a benchmark's own data that are files here, to wait for."""
    return [source for source in sources(experiment, name) if Path(source).exists()]


def kind_settings(experiment: Experiment, name: str) -> str:
    """What a benchmark's kind reads of its entry, as JSON."""
    entry = experiment.benchmarks[name]
    return as_json({key: entry[key] for key in KIND_SETTINGS if key in entry})


def reading_code(experiment: Experiment, step: str, name: str) -> str:
    """Digest of a step and of the module that reads a benchmark's data and answers."""
    return code_digest(step, module_name(experiment.benchmarks[name]["kind"]))


def about(experiment: Experiment, run: str, name: str) -> list[str]:
    """The file that says where a benchmark's problems come from; none where the config says it all."""
    is_prepared = experiment.benchmarks[name]["kind"] in PREPARED
    return [f"{RUN.format(run=run)}/benchmarks/{name}.about.json"] if is_prepared else []


def answered_as(experiment: Experiment, name: str) -> str:
    """The benchmark whose answers are tested: itself, or another with the same problems and prompts."""
    return experiment.benchmarks[name].get("answers_of", name)


def benchmarks_to_answer(experiment: Experiment, names: Iterable[str]) -> list[str]:
    """The benchmarks that models must answer so that some benchmarks can be scored, each once."""
    return [*dict.fromkeys(answered_as(experiment, name) for name in names)]


def responses(experiment: Experiment, wildcards: Any, shards: Iterable[int]) -> list[str]:
    """All shards of the responses from which a benchmark's answers are read."""
    folder = BENCHMARK.format(
        run=wildcards.run, student=wildcards.student, variant=wildcards.variant, work=wildcards.work,
        benchmark=answered_as(experiment, wildcards.benchmark),
    )  # fmt: skip
    return [f"{folder}/responses/solutions.{shard}.jsonl" for shard in shards]


def decoding(experiment: Experiment, name: str) -> str:
    """How a benchmark's answers are drawn, as JSON, their number left out."""
    entry = experiment.benchmarks[name]["decoding"]
    return as_json({key: value for key, value in entry.items() if key != "samples"})


def outcomes_of_method(experiment: Experiment, wildcards: Any) -> list[str]:
    """The outcomes of the method's own answers, which its siblings' answers often repeat."""
    is_own = (wildcards.variant, wildcards.work) == (experiment.main_variant, "benchmarks")
    if is_own or wildcards.student == BASELINES:
        return []
    place = {"run": wildcards.run, "student": wildcards.student, "benchmark": wildcards.benchmark}
    return [f"{BENCHMARK.format(**place, variant=experiment.main_variant, work='benchmarks')}/outcomes.jsonl"]


def executions_beside(paths: Iterable[str], shards: Iterable[int]) -> list[str]:
    """The executions that lie beside some files which were made from them."""
    return [str(Path(path).with_name(f"runs.{shard}.jsonl")) for path in paths for shard in shards]


def summaries(experiment: Experiment, work: str, names: Sequence[str], run: str = "{run}") -> list[str]:
    """The summaries of the method's work on some benchmarks, student by student."""
    place = {"run": run, "variant": experiment.main_variant, "work": work}
    return [
        f"{BENCHMARK.format(**place, student=student, benchmark=name)}/summary.json"
        for student, name in experiment.pairs(names)
    ]


def baseline_summaries(experiment: Experiment, names: Iterable[str], run: str = "{run}") -> list[str]:
    """The summaries of all baselines on some benchmarks, baseline by baseline."""
    place = {"run": run, "student": BASELINES, "work": "benchmarks"}
    return [
        f"{BENCHMARK.format(**place, variant=baseline, benchmark=name)}/summary.json"
        for baseline, name in baseline_pairs(experiment, names)
    ]


def baseline_pairs(experiment: Experiment, names: Iterable[str]) -> list[tuple[str, str]]:
    """Baseline and benchmark, for each baseline and each of some benchmarks."""
    listed = list(names)
    return [(baseline, name) for baseline in experiment.baselines for name in listed]


def summary_entries(experiment: Experiment, names: Sequence[str]) -> list[dict[str, Any]]:
    """What each of these summaries is of: student and benchmark, by their titles."""
    return [
        {"student": experiment.students[student]["title"], "benchmark": experiment.benchmarks[name]["title"]}
        for student, name in experiment.pairs(names)
    ]


def published_entries(experiment: Experiment, names: Sequence[str]) -> list[dict[str, Any]]:
    """What each summary of a table is of, and where the paper has it: the students', then the baselines'."""
    own = [
        {**entry, **experiment.published(experiment.students[student], name)}
        for entry, (student, name) in zip(summary_entries(experiment, names), experiment.pairs(names), strict=True)
    ]
    return own + baseline_entries(experiment, names)


def baseline_entries(experiment: Experiment, names: Iterable[str]) -> list[dict[str, Any]]:
    """What each summary of the baselines on some benchmarks is of, and where the paper has it."""
    return [
        {
            "student": experiment.baselines[baseline]["title"],
            "benchmark": experiment.benchmarks[name]["title"],
            "baseline": True,
            **experiment.published(experiment.baselines[baseline], name),
        }
        for baseline, name in baseline_pairs(experiment, names)
    ]
