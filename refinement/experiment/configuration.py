"""An experiment's config: checked against the closed schema, one clear line for what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from refinement.experiment.schema import first_fault, load_schema
from refinement.records.errors import BadInput
from refinement.results.reference import load_reference, published_passes
from refinement.training.distributed import split_batch

STUDENT_BACKENDS = ("transformers", "server", "replay")
_NEEDED = {"endpoint": ("base_url",), "server": ("command",), "replay": ("run",)}
_SCRIPTED = {"teacher": ("alpha", "beta", "syntax_rate", "errors"), "judge": ("noise", "flip_rate")}
REFERENCE = Path(__file__).parents[2] / "reference" / "acr.yaml"


def _duplicates(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    names = [entry["name"] for entry in entries]
    yield from (name for name in dict.fromkeys(names) if names.count(name) > 1)


def _inconsistencies(config: Mapping[str, Any]) -> Iterator[str]:
    for key in ("students", "baselines", "variants", "benchmarks"):
        for name in _duplicates(config[key]):
            yield f"{key}: the name '{name}' stands twice; rename one"
    yield from _role_faults(config)
    yield from _student_faults(config)
    taken = {variant["name"] for variant in config["variants"]}
    for index, baseline in enumerate(config["baselines"]):
        if baseline["name"] in taken:
            yield f"baselines[{index}].name: a variant is named '{baseline['name']}'; choose another"
        if "backend" in baseline:
            yield from _option_faults(f"baselines[{index}]", baseline)
    yield from _resource_faults(config)
    method = {key: config["variants"][0][key] for key in ("on_self_win", "on_original_win")}
    if method != {"on_self_win": "replace", "on_original_win": "critique"}:
        yield "variants[0]: the method replaces on_self_win and criticizes on_original_win; add a variant for others"
    if config["variants"][0]["name"] != "acr":
        yield "variants[0].name: the first variant is the method itself and must be named 'acr'"
    known = {benchmark["name"] for benchmark in config["benchmarks"]}
    for key in ("tables", "figures"):
        for result, names in config[key].items():
            for name in names:
                if name not in known:
                    there = ", ".join(sorted(known)) or "none"
                    yield f"{key}.{result}: no benchmark '{name}' is listed; there are {there}"
    yield from _iteration_faults(config)
    yield from _leakage_faults(config)
    yield from _answer_faults(config)
    yield from _published_faults(config)
    for index, benchmark in enumerate(config["benchmarks"]):
        part, _, parts = benchmark.get("part", "0/1").partition("/")
        if not int(part) < int(parts):
            yield f"benchmarks[{index}].part: {benchmark['part']} must be I/N with 0 <= I < N"
        if not any(benchmark.get("depths", {"1": 1}).values()):
            yield f"benchmarks[{index}].depths: all weights are 0; give one a weight"
    if not any(config["scoring"]["weights"].values()):
        yield "scoring.weights: all weights are 0; give one a weight"


def _answer_faults(config: Mapping[str, Any]) -> Iterator[str]:
    entries = {benchmark["name"]: benchmark for benchmark in config["benchmarks"]}
    for index, benchmark in enumerate(config["benchmarks"]):
        other = benchmark.get("answers_of")
        if other is None:
            continue
        place = f"benchmarks[{index}].answers_of"
        if other not in entries or "answers_of" in entries[other]:
            asked = ", ".join(name for name, entry in entries.items() if "answers_of" not in entry) or "none"
            yield f"{place}: '{other}' is no benchmark that is asked itself; there are {asked}"
        elif any(benchmark.get(key) != entries[other].get(key) for key in ("template", "decoding", "limit")):
            yield f"{place}: template, decoding and limit must be those of '{other}', whose answers these are"


def _published_faults(config: Mapping[str, Any]) -> Iterator[str]:
    lists = {key: config[key] for key in ("students", "baselines", "benchmarks")}
    if not any("published" in entry for entries in lists.values() for entry in entries):
        return
    places = published_passes(load_reference(REFERENCE))
    rows, columns = (dict.fromkeys(place[part] for place in places) for part in (0, 1))
    families = dict.fromkeys(row.rpartition(" Iter")[0] for row in rows if " Iter" in row)
    known = {"students": families, "baselines": rows, "benchmarks": columns}
    for key, entries in lists.items():
        for index, entry in enumerate(entries):
            if "published" in entry and entry["published"] not in known[key]:
                has = ", ".join(known[key])
                yield f"{key}[{index}].published: the paper has no '{entry['published']}'; it has {has}"


def _leakage_faults(config: Mapping[str, Any]) -> Iterator[str]:
    entries, known = config["leakage"], {benchmark["name"] for benchmark in config["benchmarks"]}
    for key in ("datasets", "benchmarks"):
        for name in _duplicates(entries[key]):
            yield f"leakage.{key}: the name '{name}' stands twice; rename one"
    guarded = {entry["name"]: entry for entry in entries["benchmarks"]}
    covered = {*guarded, *(name for entry in guarded.values() for name in entry.get("covers", ()))}
    for name in (benchmark["name"] for benchmark in config["benchmarks"] if benchmark["name"] not in covered):
        yield f"leakage.benchmarks: the benchmark '{name}' is not among them; add it, so that the gate knows it"
    for name in covered - {*guarded, *known}:
        yield f"leakage.benchmarks: no benchmark '{name}' is listed that could be covered; mend the name"
    for name in (name for name, entry in guarded.items() if "source" not in entry and name not in known):
        there = ", ".join(sorted(known)) or "none"
        yield f"leakage.benchmarks: no benchmark '{name}' is listed and it has no source; there are {there}"
    if not guarded:
        yield "leakage.benchmarks: none; name what training data must not hold"


def _iteration_faults(config: Mapping[str, Any]) -> Iterator[str]:
    method, final = config["variants"][0]["iterations"], config["final_iteration"]
    if final > method:
        yield f"final_iteration: {final} exceeds the {method} iterations of variants[0]; raise those or lower it"
    tried = max(config["feedback"]["iterations"])
    if config["figures"].get("figure4") and tried > final:
        yield f"feedback.iterations: {tried} exceeds final_iteration {final}; raise that or lower it"


def _role_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for role, entry in config["roles"].items():
        backend = entry["backend"]
        if role == "student" and backend not in STUDENT_BACKENDS:
            yield f"roles.student.backend: the student is trained here; choose one of {', '.join(STUDENT_BACKENDS)}"
        if backend == "scripted" and entry.get("model") != role:
            yield f"roles.{role}.model: {entry.get('model')!r} does not play this part; the scripted one is '{role}'"
        if backend not in ("scripted", "replay") and role != "student" and "model" not in entry:
            yield f"roles.{role}: the key 'model' is missing; name a folder or a model of the hub"
        needed = _SCRIPTED.get(role, ()) if backend == "scripted" else None
        yield from _option_faults(f"roles.{role}", entry, needed)


def _option_faults(place: str, entry: Mapping[str, Any], needed: Sequence[str] | None = None) -> Iterator[str]:
    backend, options = entry["backend"], entry["options"]
    for name in _NEEDED.get(backend, ()) if needed is None else needed:
        if name not in options:
            yield f"{place}.options: the key '{name}' is missing; add it"
    if backend == "server" and "{port}" not in options.get("command", "{port}"):
        yield f"{place}.options.command: it says nothing of {{port}}, on which the server must listen; add it"


def _batch_faults(place: str, settings: Mapping[str, Any], processes: int) -> Iterator[str]:
    try:
        split_batch(settings.get("batch_size", processes), settings["micro_batch"], processes)
    except BadInput as error:
        yield f"{place}: {str(error).removeprefix('training.')}"
    if settings["over_long"] == "split" and settings["packing"] != "bfd_split":
        yield f"{place}: over_long split needs packing bfd_split; set it, or choose refuse or drop"
    path = settings["deepspeed"]
    if path and not Path(path).is_file():
        yield f"{place}: deepspeed {path} is no file; choose config/deepspeed/zero2.json, zero3.json or null"


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
                yield f"{place}: {asked[name]} exceeds {bound} {largest[name]}; raise that or lower it"
        role = "student" if kind == "benchmark" else kind
        entry = config["roles"].get(role, {})
        wanted = entry.get("options", {}).get("gpus", 0)
        if entry.get("backend") == "server" and wanted != asked["gpu"]:
            yield f"resources.{kind}.gpu: {asked['gpu']}, but roles.{role}.options.gpus is {wanted}; make them equal"


def _trainings(config: Mapping[str, Any], index: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each training of a student: where in the config it is set, and its settings."""
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
            yield f"students[{index}].name: 'baselines' is the folder of those; choose another"
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
            yield f"students[{index}].pretraining.depths: all weights are 0; give one a weight"
        if pretraining and "chat_template" not in student:
            yield f"students[{index}]: the key 'chat_template' is missing; a base made here needs one"
        sizes = pretraining.get("architecture", {"hidden": 1, "heads": 1, "key_value_heads": 1})
        if (sizes["hidden"] % (2 * sizes["heads"]) and pretraining) or sizes["heads"] % sizes["key_value_heads"]:
            yield (
                f"students[{index}].pretraining.architecture: hidden must be a multiple of twice the heads, "
                "and heads one of key_value_heads"
            )


def _write_dates_out(value: Any) -> Any:
    """The value, its dates replaced in place by texts: YAML reads 2024-07-01 without quotes as a date."""
    if isinstance(value, date):
        return value.isoformat()
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, part in list(places):
        value[place] = _write_dates_out(part)
    return value


def check_config(config: dict[str, Any]) -> None:
    """Raise BadInput, in one line, for the first thing that is wrong with a config; its dates become texts."""
    _write_dates_out(config)
    fault = first_fault(config, load_schema()) or next(_inconsistencies(config), None)
    if fault:
        raise BadInput(fault)
