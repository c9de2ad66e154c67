"""How an experiment queries its models: command lines for the roles, and jobs that answer several benchmarks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from refinement.answers.readers import reader_module
from refinement.completion.backends import config_options, deciding_options
from refinement.experiment.benchmarks import benchmarks_to_answer
from refinement.experiment.commands import as_json, existing_path
from refinement.experiment.experiment import Entry, Experiment
from refinement.experiment.method import Asking
from refinement.experiment.paths import BASELINES
from refinement.records.digest import code_digest

_SCRIPTED_MODELS = "refinement.miniature.lists"


def answering_code(experiment: Experiment, role: str, reader: str, answering: Entry | None = None) -> str:
    """Digest of the code that decides a role's answers: the step, the backend, and the reader of the answers.

    ``answering``: a config entry to use instead of the role's own.
    """
    entry = answering or experiment.roles[role]
    backend = entry["backend"]
    names = ["engines/complete_requests", f"refinement.completion.backends.{backend}", reader_module(reader)]
    if backend == "scripted":
        names.append(f"{_SCRIPTED_MODELS}.{entry.get('model', role)}")
    return code_digest(*names)


def _replayed(experiment: Experiment, earlier: str, output: str) -> list[str]:
    """The responses files of the same stage in an earlier run, which may have another number of shards."""
    path = Path(earlier, Path(output).relative_to(experiment.folder))
    stage = path.name.rsplit(".", 2)[0]
    return sorted(map(str, path.parent.glob(f"{stage}.*.jsonl"))) or [str(path)]


def _options(experiment: Experiment, entry: Entry, run: str, changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options of an entry's backend, with ``changes`` to them, and the seed that a run gives to a program."""
    own = config_options(entry["backend"])
    options = {name: value for name, value in {**entry["options"], **(changes or {})}.items() if name in own}
    return {**options, "seed": experiment.seed(run, "scripted")} if entry["backend"] == "scripted" else options


def deciding_arguments(
    experiment: Experiment,
    role: str,
    reader: str,
    run: str,
    changes: Mapping[str, Any] | None = None,
    answering: Entry | None = None,
) -> list[str]:
    """The command-line options of complete_requests that decide the answers of a role.

    A rule gives them in a parameter that is a function of wildcards alone, so
    that Snakemake compares them: another value has the answers made again.

    ``reader``: of the answers, by name; ``changes``: to the options of the
    role's backend; ``answering``: who answers, where that is not the role's
    own entry.
    """
    entry = answering or experiment.roles[role]
    decide = {*deciding_options(entry["backend"]), "seed"}
    options = {name: value for name, value in _options(experiment, entry, run, changes).items() if name in decide}
    named = {
        "--backend": entry["backend"],
        "--model": entry.get("model"),
        "--options": as_json(options),
        "--system": entry.get("system"),
        "--expect": reader,
        "--attempts": entry["attempts"],
        "--retry-temperature": entry["retry_temperature"],
    }
    return [str(part) for name, value in named.items() if value is not None for part in (name, value)]


def sending_arguments(
    experiment: Experiment, role: str, run: str, output: Sequence[str], answering: Entry | None = None
) -> list[str]:
    """The other command-line options of complete_requests: how requests are sent, which changes no answer.

    A rule gives them in a parameter that is a function of its outputs too,
    which Snakemake never compares.

    ``output``: the files of responses, whose namesakes in an earlier run the
    backend ``replay`` answers from.
    """
    entry = answering or experiment.roles[role]
    options = _options(experiment, entry, run, None)
    if entry["backend"] == "replay":
        sent = {"responses": [file for path in output for file in _replayed(experiment, options["run"], path)]}
    else:
        decide = {*deciding_options(entry["backend"]), "seed"}
        sent = {name: value for name, value in options.items() if name not in decide}
    return ["--options", as_json(sent), "--max-failed-share", str(entry["max_failed_share"])]


def sampling(experiment: Experiment, role: str) -> str:
    """A role's sampling settings, as JSON."""
    return as_json(experiment.roles[role]["sampling"])


def answering_for_baseline(experiment: Experiment, baseline: str) -> Entry:
    """The config entry by which a baseline answers: the student's, with the baseline's own backend if it has one."""
    own = experiment.baselines[baseline]
    return {**experiment.roles["student"], **{name: own[name] for name in ("backend", "options") if name in own}}


def answering_benchmarks(experiment: Experiment, student: str, variant: str) -> Entry:
    """The config entry by which the models of a variant, or a baseline, answer benchmarks."""
    return answering_for_baseline(experiment, variant) if student == BASELINES else experiment.roles["student"]


def asking_jobs(experiment: Experiment) -> Iterator[Asking]:
    """Yield each kind of job that queries models.

    One kind of job answers the benchmarks that the method lists together. Every other benchmark has jobs of its own.
    """
    for asking in experiment.method.askings(experiment):
        if not asking.variants:
            continue
        together = list(asking.benchmarks) if asking.own else benchmarks_to_answer(experiment, asking.benchmarks)
        every = experiment.benchmarks if asking.own else benchmarks_to_answer(experiment, experiment.benchmarks)
        alone = [[name] for name in every if name not in together]
        yield from (asking._replace(benchmarks=names) for names in (together, *alone) if names)


def asking_rule(experiment: Experiment, asking: Asking) -> str:
    """The name of the rule for a kind of job: whose models answer, the kind of work, and the first benchmark."""
    whose = "siblings"
    if set(asking.variants) <= set(experiment.baselines):
        whose = "baselines"
    elif list(asking.variants) == [experiment.main_variant]:
        whose = "method"
    return re.sub(r"\W", "_", f"ask_{whose}_{asking.work}_{asking.benchmarks[0]}")


def models_asked(experiment: Experiment, asking: Asking) -> Callable[[Any], list[str]]:
    """An input function for a rule that queries models: the folders of these models."""

    def models(wildcards: Any) -> list[str]:
        if asking.iterations is None:
            return models_measured(experiment, wildcards.run, wildcards.student, wildcards.variant, asking.work)
        return experiment.models(wildcards.student, wildcards.variant, wildcards.run, asking.iterations)

    return models


def models_measured(experiment: Experiment, run: str, student: str, variant: str, work: str) -> list[str]:
    """The folders of the models that a kind of work measures, as inputs of a rule; empty for a baseline on the hub."""
    if student == BASELINES:
        return existing_path(experiment.baselines[variant]["model"])
    first, last = experiment.measured_span(student, variant, work)
    return experiment.models(student, variant, run, range(first, last + 1))


def models_by_name(experiment: Experiment, wildcards: Any, models: Sequence[str]) -> list[str]:
    """The measured models: their folders, or the name of a baseline on the hub or behind a server."""
    is_baseline = wildcards.student == BASELINES
    return [experiment.baselines[wildcards.variant]["model"]] if is_baseline else list(models)
