"""The benchmarks of an experiment: files of problems, responses and scores, and the settings of their steps."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from refinement.benchmarks.kinds import PREPARED, module_name
from refinement.experiment.commands import as_json, as_list
from refinement.experiment.experiment import Experiment
from refinement.experiment.paths import BASELINES, BENCHMARK, RUN
from refinement.records.digest import code_digest

KIND_SETTINGS = ("split", "ids", "from", "until", "language", "size", "limit", "unsolvable")  # for prepare_benchmark


def problems(experiment: Experiment, run: str, name: str) -> str:
    """The file with a benchmark's problems."""
    entry = experiment.benchmarks[name]
    return entry["path"] if entry["kind"] == "file" else f"{RUN.format(run=run)}/benchmarks/{name}.jsonl"


def guarded_problems(experiment: Experiment, run: str) -> list[str]:
    """The files of problems with which training data must not overlap."""
    return [problems(experiment, run, name) for name, entry in experiment.benchmarks.items() if entry["decontaminate"]]


def of_kind(experiment: Experiment, *kinds: str) -> list[str]:
    """The names of the benchmarks of some kinds."""
    return [name for name, entry in experiment.benchmarks.items() if entry["kind"] in kinds]


def prepared(experiment: Experiment) -> list[str]:
    """The names of the benchmarks whose problems are read from published data."""
    return of_kind(experiment, *PREPARED)


def sources(experiment: Experiment, name: str) -> list[str]:
    """The published data of a benchmark, as the config names them."""
    return as_list(experiment.benchmarks[name]["source"])


def source_files(experiment: Experiment, name: str) -> list[str]:
    """The published data of a benchmark that are local files, as inputs of a rule."""
    return [source for source in sources(experiment, name) if Path(source).exists()]


def kind_settings(experiment: Experiment, name: str) -> str:
    """The settings of a benchmark that its kind reads, as JSON."""
    entry = experiment.benchmarks[name]
    return as_json({key: entry[key] for key in KIND_SETTINGS if key in entry})


def reading_code(experiment: Experiment, step: str, name: str) -> str:
    """Digest of the code of a step and of the module that reads a benchmark's data and answers."""
    return code_digest(step, module_name(experiment.benchmarks[name]["kind"]))


def about(experiment: Experiment, run: str, name: str) -> list[str]:
    """The file about the origin of a benchmark's problems; empty unless they are read from published data."""
    is_prepared = experiment.benchmarks[name]["kind"] in PREPARED
    return [f"{RUN.format(run=run)}/benchmarks/{name}.about.json"] if is_prepared else []


def answered_as(experiment: Experiment, name: str) -> str:
    """The benchmark that models answer for this one: itself, or another with the same problems and prompts."""
    return experiment.benchmarks[name].get("answers_of", name)


def benchmarks_to_answer(experiment: Experiment, names: Iterable[str]) -> list[str]:
    """The benchmarks that models must answer to score some benchmarks, without duplicates."""
    return [*dict.fromkeys(answered_as(experiment, name) for name in names)]


def responses(experiment: Experiment, wildcards: Any, shards: Iterable[int]) -> list[str]:
    """All shards of the responses that contain a benchmark's answers."""
    folder = BENCHMARK.format(
        run=wildcards.run, student=wildcards.student, variant=wildcards.variant, work=wildcards.work,
        benchmark=answered_as(experiment, wildcards.benchmark),
    )  # fmt: skip
    return [f"{folder}/responses/solutions.{shard}.jsonl" for shard in shards]


def decoding(experiment: Experiment, name: str) -> str:
    """The sampling settings of a benchmark, as JSON, without the number of samples."""
    entry = experiment.benchmarks[name]["decoding"]
    return as_json({key: value for key, value in entry.items() if key != "samples"})


def outcomes_of_method(experiment: Experiment, wildcards: Any) -> list[str]:
    """The outcomes of the method's own answers; empty for the method's own benchmarks and for baselines.

    The answers of other variants often repeat those of the method. Their programs need not be executed again.
    """
    is_own = (wildcards.variant, wildcards.work) == (experiment.main_variant, "benchmarks")
    if is_own or wildcards.student == BASELINES:
        return []
    place = {"run": wildcards.run, "student": wildcards.student, "benchmark": wildcards.benchmark}
    return [f"{BENCHMARK.format(**place, variant=experiment.main_variant, work='benchmarks')}/outcomes.jsonl"]


def executions_beside(paths: Iterable[str], shards: Iterable[int]) -> list[str]:
    """The files of executions in the folders of some files that were made from them."""
    return [str(Path(path).with_name(f"runs.{shard}.jsonl")) for path in paths for shard in shards]


def summaries(experiment: Experiment, work: str, names: Sequence[str], run: str = "{run}") -> list[str]:
    """The summaries of a kind of the method's work on some benchmarks, student by student."""
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
    """All pairs of a baseline and one of some benchmarks."""
    listed = list(names)
    return [(baseline, name) for baseline in experiment.baselines for name in listed]


def summary_entries(experiment: Experiment, names: Sequence[str]) -> list[dict[str, Any]]:
    """The titles of student and benchmark for each file of :func:`summaries`."""
    return [
        {"student": experiment.students[student]["title"], "benchmark": experiment.benchmarks[name]["title"]}
        for student, name in experiment.pairs(names)
    ]


def published_entries(experiment: Experiment, names: Sequence[str]) -> list[dict[str, Any]]:
    """The titles and the place in the paper for each summary of a table: students first, then baselines."""
    own = [
        {**entry, **experiment.published(experiment.students[student], name)}
        for entry, (student, name) in zip(summary_entries(experiment, names), experiment.pairs(names), strict=True)
    ]
    return own + baseline_entries(experiment, names)


def baseline_entries(experiment: Experiment, names: Iterable[str]) -> list[dict[str, Any]]:
    """The titles and the place in the paper for each file of :func:`baseline_summaries`."""
    return [
        {
            "student": experiment.baselines[baseline]["title"],
            "benchmark": experiment.benchmarks[name]["title"],
            "baseline": True,
            **experiment.published(experiment.baselines[baseline], name),
        }
        for baseline, name in baseline_pairs(experiment, names)
    ]
