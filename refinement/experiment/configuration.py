"""Complete and check an experiment's config; a fault is reported in one line."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from refinement.completion.backends import required_options
from refinement.experiment.method import load_method, method_names
from refinement.experiment.schema import first_fault, load_schema, resolve
from refinement.records.errors import BadInput
from refinement.results.reference import load_reference, published_passes
from refinement.training.distributed import split_batch

PROJECT = Path(__file__).parents[2]
STUDENT_BACKENDS = ("transformers", "server", "replay")


class _File(NamedTuple):
    """A file that a config names as ``holder[key]``, its place for error messages, and whether the run needs it."""

    holder: Any
    key: Any
    place: str
    needed: bool


def _duplicates(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    names = [entry["name"] for entry in entries]
    yield from (name for name in dict.fromkeys(names) if names.count(name) > 1)


def _inconsistencies(config: Mapping[str, Any], project: Path) -> Iterator[str]:
    for key in ("students", "baselines", "variants", "benchmarks"):
        for name in _duplicates(config.get(key, [])):
            yield f"{key}: the name '{name}' appears twice; rename one"
    if "roles" in config:
        yield from _role_faults(config)
    if "students" in config:
        yield from _student_faults(config)
        yield from _resource_faults(config)
    yield from _baseline_faults(config)
    if "variants" in config:
        yield from _variant_faults(config)
    yield from load_method(config["method"]).faults(config)
    known = {benchmark["name"] for benchmark in config.get("benchmarks", [])}
    for key in ("tables", "figures"):
        for result, names in config.get(key, {}).items():
            for name in names:
                if name not in known:
                    there = ", ".join(sorted(known)) or "none"
                    yield f"{key}.{result}: no benchmark '{name}' is listed; known here: {there}"
    if "final_iteration" in config:
        yield from _iteration_faults(config)
    if "leakage" in config:
        yield from _leakage_faults(config)
    yield from _answer_faults(config)
    yield from _published_faults(config, project)
    yield from _benchmark_faults(config)


def _variant_faults(config: Mapping[str, Any]) -> Iterator[str]:
    method, *siblings = config["variants"]
    if method["name"] != config["method"]:
        yield f"variants[0].name: the first variant is the method itself and must be named '{config['method']}'"
    own_start = load_method(config["method"]).own_start
    for index, sibling in enumerate(siblings, start=1):
        if sibling["name"] == "base":
            yield f"variants[{index}].name: 'base' is the folder of a student's base; choose another"
        if not sibling["iterations"] and not any(key in sibling for key in own_start):
            needed = " or ".join(f"'{key}'" for key in own_start)
            yield f"variants[{index}]: 0 iterations and no {needed}: it has no model of its own; give it one of these"


def _baseline_faults(config: Mapping[str, Any]) -> Iterator[str]:
    taken = {variant["name"] for variant in config.get("variants", [])}
    for index, baseline in enumerate(config.get("baselines", [])):
        if baseline["name"] in taken:
            yield f"baselines[{index}].name: a variant is named '{baseline['name']}'; choose another name"
        if "backend" in baseline:
            yield from _option_faults(f"baselines[{index}]", baseline)


def _benchmark_faults(config: Mapping[str, Any]) -> Iterator[str]:
    alike: dict[str, str] = {}
    for name in (benchmark["name"] for benchmark in config.get("benchmarks", [])):
        other = alike.setdefault(re.sub(r"\W", "_", name), name)
        if other != name:
            yield f"benchmarks: '{other}' and '{name}' differ in punctuation alone, which rules cannot; rename one"
    for index, benchmark in enumerate(config.get("benchmarks", [])):
        part, _, parts = benchmark.get("part", "0/1").partition("/")
        if not int(part) < int(parts):
            yield f"benchmarks[{index}].part: {benchmark['part']} must be I/N with 0 <= I < N"
        if not any(benchmark.get("depths", {"1": 1}).values()):
            yield f"benchmarks[{index}].depths: all weights are 0; set at least one above 0"


def _answer_faults(config: Mapping[str, Any]) -> Iterator[str]:
    entries = {benchmark["name"]: benchmark for benchmark in config.get("benchmarks", [])}
    for index, benchmark in enumerate(config.get("benchmarks", [])):
        other = benchmark.get("answers_of")
        if other is None:
            continue
        place = f"benchmarks[{index}].answers_of"
        if other not in entries or "answers_of" in entries[other]:
            asked = ", ".join(name for name, entry in entries.items() if "answers_of" not in entry) or "none"
            yield f"{place}: models do not answer a benchmark '{other}'; known here: {asked}"
        elif any(benchmark.get(key) != entries[other].get(key) for key in ("template", "decoding", "limit")):
            yield f"{place}: set template, decoding and limit to those of '{other}', since both share their answers"


def _published_faults(config: Mapping[str, Any], project: Path) -> Iterator[str]:
    lists = {key: config.get(key, []) for key in ("students", "baselines", "benchmarks")}
    if not any("published" in entry for entries in lists.values() for entry in entries):
        return
    places = published_passes(load_reference(project / "reference" / f"{config['method']}.yaml"))
    rows, columns = (dict.fromkeys(place[part] for place in places) for part in (0, 1))
    families = dict.fromkeys(row.rpartition(" Iter")[0] for row in rows if " Iter" in row)
    known = {"students": families, "baselines": rows, "benchmarks": columns}
    for key, entries in lists.items():
        for index, entry in enumerate(entries):
            if "published" in entry and entry["published"] not in known[key]:
                has = ", ".join(known[key])
                yield f"{key}[{index}].published: the paper has no '{entry['published']}'; choose one of {has}"


def _leakage_faults(config: Mapping[str, Any]) -> Iterator[str]:
    entries, known = config["leakage"], {benchmark["name"] for benchmark in config["benchmarks"]}
    for key in ("datasets", "benchmarks"):
        for name in _duplicates(entries[key]):
            yield f"leakage.{key}: the name '{name}' appears twice; rename one"
    guarded = {entry["name"]: entry for entry in entries["benchmarks"]}
    covered = {*guarded, *(name for entry in guarded.values() for name in entry.get("covers", ()))}
    for name in (benchmark["name"] for benchmark in config["benchmarks"] if benchmark["name"] not in covered):
        yield f"leakage.benchmarks: the benchmark '{name}' is missing; add it, so that the gate checks against it"
    for name in sorted(covered - {*guarded, *known}):
        yield f"leakage.benchmarks: 'covers' names '{name}', but no such benchmark is listed; correct the name"
    for name in (name for name, entry in guarded.items() if "source" not in entry and name not in known):
        there = ", ".join(sorted(known)) or "none"
        yield f"leakage.benchmarks: no benchmark '{name}' is listed; add a source, or choose a name (known: {there})"
    if not guarded:
        yield "leakage.benchmarks: empty; list the benchmarks that training data must not contain"


def _iteration_faults(config: Mapping[str, Any]) -> Iterator[str]:
    method, final = config["variants"][0]["iterations"], config["final_iteration"]
    if final > method:
        yield f"final_iteration: {final} exceeds the {method} iterations of variants[0]; lower it, or raise iterations"


def _role_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for role, entry in config["roles"].items():
        backend = entry["backend"]
        if role == "student" and backend not in STUDENT_BACKENDS:
            yield f"roles.student.backend: the student is trained here; choose one of {', '.join(STUDENT_BACKENDS)}"
        if backend == "scripted" and entry.get("model") != role:
            yield f"roles.{role}.model: {entry.get('model')!r} cannot play this role; set it to '{role}'"
        if backend not in ("scripted", "replay") and role != "student" and "model" not in entry:
            yield f"roles.{role}: the key 'model' is missing; name a folder or a model on the hub"
        yield from _option_faults(f"roles.{role}", entry)


def _option_faults(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    backend, options = entry["backend"], entry["options"]
    for name in required_options(backend, entry.get("model")):
        if name not in options:
            yield f"{place}.options: the key '{name}' is missing; add it"
    if backend == "server" and "{port}" not in options.get("command", "{port}"):
        yield f"{place}.options.command: without {{port}}, the port on which the server must listen; add it"


def _batch_faults(place: str, settings: Mapping[str, Any], processes: int) -> Iterator[str]:
    try:
        split_batch(settings.get("batch_size", processes), settings["micro_batch"], processes)
    except BadInput as error:
        yield f"{place}: {str(error).removeprefix('training.')}"
    if settings["over_long"] == "split" and settings["packing"] != "bfd_split":
        yield f"{place}: over_long split needs packing bfd_split; set it, or choose refuse or drop"
    path = settings["deepspeed"]
    if path and not Path(path).is_file():
        yield f"{place}: deepspeed {path} is not a file; choose config/deepspeed/zero2.json, zero3.json or null"


def _resource_faults(config: Mapping[str, Any]) -> Iterator[str]:
    table = dict(config["resources"])
    largest = table.pop("largest")
    nodes, devices, asked = config["training"]["nodes"], config["training"]["devices"], table["training"]
    if asked["nodes"] != nodes:
        yield f"resources.training.nodes: {asked['nodes']}, but training.nodes is {nodes}; make them equal"
    if asked["gpu"] not in (0, nodes * devices):
        yield (
            f"resources.training.gpu: {asked['gpu']}, but training.nodes x training.devices is {nodes * devices}; "
            "make them equal, or 0 to train on CPUs"
        )
    for kind, asked in table.items():
        for name in ("mem_mb", "runtime"):
            if asked[name] > largest[name]:
                place, bound = f"resources.{kind}.{name}", f"resources.largest.{name}"
                yield f"{place}: {asked[name]} exceeds {bound} {largest[name]}; lower it, or raise {bound}"
        role = "student" if kind == "benchmark" else kind
        entry = config["roles"].get(role, {})
        wanted = entry.get("options", {}).get("gpus", 0)
        if entry.get("backend") == "server" and wanted != asked["gpu"]:
            yield f"resources.{kind}.gpu: {asked['gpu']}, but roles.{role}.options.gpus is {wanted}; make them equal"


def _trainings(config: Mapping[str, Any], index: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place in the config and the settings of each training of a student."""
    student, place = config["students"][index], f"students[{index}]"
    yield f"{place}.training", {**config["training"], **student["training"]}
    for number, variant in enumerate(config["variants"]):
        if "training" in variant:
            own = {**config["training"], **student["training"], **variant["training"]}
            yield f"variants[{number}].training", own
    if "pretraining" in student:
        yield f"{place}.pretraining.settings", {**config["training"], **student["pretraining"]["settings"]}


def _student_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for index, student in enumerate(config["students"]):
        if student["name"] == "baselines":
            yield f"students[{index}].name: 'baselines' is the name of the folder of baselines; choose another name"
        pretraining = student.get("pretraining", {})
        for place, settings in _trainings(config, index):
            for key in ("epochs", "batch_size", "learning_rate"):
                if key not in settings:
                    yield f"{place}: the key '{key}' is missing; add it"
            yield from _batch_faults(place, settings, config["training"]["nodes"] * config["training"]["devices"])
            sizes = pretraining.get("architecture")
            if sizes and settings["max_length"] > sizes["positions"]:
                yield f"{place}: max_length {settings['max_length']} exceeds the base's {sizes['positions']} positions"
        if pretraining and not any(pretraining["depths"].values()):
            yield f"students[{index}].pretraining.depths: all weights are 0; set at least one above 0"
        if pretraining and "chat_template" not in student:
            yield f"students[{index}]: the key 'chat_template' is missing; add it, since a base trained here has none"
        sizes = pretraining.get("architecture", {"hidden": 1, "heads": 1, "key_value_heads": 1})
        if (sizes["hidden"] % (2 * sizes["heads"]) and pretraining) or sizes["heads"] % sizes["key_value_heads"]:
            yield (
                f"students[{index}].pretraining.architecture: hidden must be a multiple of twice the heads, "
                "and heads a multiple of key_value_heads"
            )


def _write_dates_out(value: Any) -> Any:
    """Replace the dates in a value by texts, in place, because YAML reads 2024-07-01 without quotes as a date."""
    if isinstance(value, date):
        return value.isoformat()
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, part in list(places):
        value[place] = _write_dates_out(part)
    return value


def merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the config ``above`` into ``below``, in place: mappings key by key; any other value replaces the old."""
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            merge(below[key], value)
        else:
            below[key] = value
    return below


def _read_yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def complete_config(given: Mapping[str, Any], project: Path) -> dict[str, Any]:
    """Complete a user's config with the defaults of its method.

    The defaults are ``config.yaml`` for the method that this file names, and ``config/{method}/miniature.yaml`` for
    any other method.
    """
    default = _read_yaml(project / "config.yaml")
    method = given.get("method", default["method"])
    own = project / "config" / str(method) / "miniature.yaml"
    if method != default["method"] and own.is_file():
        default = _read_yaml(own)
    return merge(default, given)


def _files(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str = "") -> Iterator[_File]:
    """Yield every file that a config names; the schema marks their keys with ``x-file``."""
    schema = resolve(schema, definitions)
    if isinstance(value, dict):
        for key, part in value.items():
            entry = schema.get("properties", {}).get(key, {})
            mark = resolve(entry, definitions).get("x-file")
            if mark and isinstance(part, list):
                yield from (
                    _File(part, number, f"{place}{key}[{number}]", mark == "needed") for number, _ in enumerate(part)
                )
            elif mark:
                yield _File(value, key, f"{place}{key}", mark == "needed")
            yield from _files(part, entry, definitions, f"{place}{key}.")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _files(part, schema.get("items", {}), definitions, f"{place.removesuffix('.')}[{index}].")


def find_files(config: dict[str, Any], project: Path) -> None:
    """Replace, in place, each file of the config that is not in the working folder by its path in the project.

    Raises BadInput for a needed file that is in neither folder.
    """
    schema = load_schema(config["method"])
    for file in list(_files(config, schema, schema["$defs"])):
        name = file.holder[file.key]
        if not isinstance(name, str) or Path(name).exists():
            continue
        if (project / name).exists():
            file.holder[file.key] = str(project / name)
        elif file.needed:
            raise BadInput(
                f"{file.place}: there is no {name}, neither here nor in the project's folder; correct the name"
            )


def check_config(config: dict[str, Any], project: Path = PROJECT) -> None:
    """Check a config; replace its dates by texts and its files by paths that exist, in place.

    ``project``: the folder with the project's own files.

    Raises BadInput, in one line, for the first fault.
    """
    _write_dates_out(config)
    names = method_names()
    if config.get("method") not in names:
        raise BadInput(f"method: {config.get('method')!r} is not available; choose one of {', '.join(names)}")
    if fault := first_fault(config, load_schema(config["method"])):
        raise BadInput(fault)
    find_files(config, project)
    if fault := next(_inconsistencies(config, project), None):
        raise BadInput(fault)
