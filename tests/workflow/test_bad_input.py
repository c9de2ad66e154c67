"""Bad input ends in one clear line, and leaves nothing half-written."""

import json
import subprocess
import sys

import pytest

from support.workflow import REDUCED, ROOT, copy_workflow, environment, snakemake

ASKED = {"custom_id": "a:1:1", "body": {"messages": [{"role": "user", "content": "x"}], "seed": 1}}
RECORD = {
    "id": "a", "instruction": "x", "kind": "single", "reason": "initial", "origin": "teacher",
    "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
}  # fmt: skip


def step(name, *arguments):
    (path,) = (ROOT / "scripts").glob(f"*/{name}.py")
    return subprocess.run(
        [sys.executable, path, *map(str, arguments)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def write(path, *records):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


def fails(run, *says):
    """Exactly one line on standard error, which says all this."""
    lines = run.stderr.strip().splitlines()
    assert run.returncode == 1 and len(lines) == 1 and lines[0].startswith("error: "), run.stderr
    assert all(str(text) in lines[0] for text in says), lines[0]


def request_samples(dataset, tmp_path):
    return step("request_samples", dataset, "--samples", 1, "--iteration", 0, "--sampling", "{}", "--seed", 0,
                "--output", tmp_path / "out.jsonl")  # fmt: skip


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ('{"id": ', "not JSON"),
        ({"id": "b"}, "without the field 'instruction'"),
        ({**RECORD, "messages": "none"}, "'messages' of a dataset must be a list"),
        ({**RECORD, "reason": "luck"}, "'reason' of a dataset must be one of initial"),
    ],
)
def test_a_broken_record(tmp_path, second, says):
    dataset = write(tmp_path / "dataset.jsonl", RECORD, second)
    fails(request_samples(dataset, tmp_path), f"{dataset}:2: ", says)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset.jsonl"]


def test_a_missing_file(tmp_path):
    fails(request_samples(tmp_path / "none.jsonl", tmp_path), "none.jsonl: no such file")


def harvest(source, tmp_path, *more):
    return step("harvest_snippets", "--source", source, "--max-lines", 50, "--max-characters", 2000,
                "--near-duplicate-threshold", 0.7, "--overlap-ngram", 13, "--output", tmp_path / "out.jsonl",
                "--rejected", tmp_path / "rejected.jsonl", "--counts", tmp_path / "counts.json", *more)  # fmt: skip


def test_an_output_that_cannot_be_written(tmp_path):
    dataset = write(tmp_path / "dataset.jsonl", RECORD)
    run = step("request_samples", dataset, "--samples", 1, "--iteration", 0, "--sampling", "{}", "--seed", 0,
               "--output", dataset / "out.jsonl")  # fmt: skip
    fails(run, dataset, "name a file or folder that can be read and written")


def test_as_many_outputs_as_files_of_requests(tmp_path):
    one, other = (write(tmp_path / f"{name}.jsonl", ASKED) for name in "ab")
    for outputs in ([tmp_path / "out.jsonl"], [tmp_path / "out.jsonl"] * 2):
        run = step("complete_requests", one, other, "--output", *outputs, "--backend", "scripted", "--model", "judge")
        fails(run, "--output: 1 files for 2 of requests; name as many")


def test_snippets_beyond_what_is_enough_are_surplus_and_the_seed_says_which(tmp_path):
    source = tmp_path / "many.py"
    source.write_text("\n".join(f'def f{n}(x):\n    """Add {n} {n * n}."""\n    return x + {n}\n' for n in range(9)))
    chosen = set()
    for seed in range(3):
        run = harvest(source, tmp_path, "--size", 4, "--seed", seed, "--near-duplicate-threshold", 1)
        assert run.returncode == 0, run.stderr
        rows = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").open()]
        assert len(rows) == 4 and rows == sorted(rows), "in their order"
        chosen.add(tuple(rows))
        assert json.loads((tmp_path / "counts.json").read_text())["rejected"] == {"surplus": 5}
    assert len(chosen) > 1


def test_no_snippets(tmp_path):
    source = tmp_path / "empty.py"
    source.write_text("x = 1\n")
    fails(harvest(source, tmp_path), f"{source}: none of 0 functions passed the filters")
    fails(harvest(tmp_path / "none", tmp_path), "no such file or folder")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.py"]


def test_a_benchmark_of_zero_tasks(tmp_path):
    run = step("compose_benchmark", "--name", "b", "--size", 0, "--depths", '{"1": 1}', "--part", "0/1", "--seed", 0,
               "--output", tmp_path / "out.jsonl")  # fmt: skip
    fails(run, "benchmark b: size 0")
    problems = write(tmp_path / "problems.jsonl")
    run = step("request_solutions", problems, "--models", "m", "--samples", 1, "--sampling", "{}", "--seed", 0,
               "--output", tmp_path / "out.jsonl")  # fmt: skip
    fails(run, f"{problems}: no problem in it")


def test_a_template_with_the_wrong_fields(tmp_path):
    snippets = write(tmp_path / "snippets.jsonl", {"id": "s", "source": "s", "code": "x"})
    template = tmp_path / "template.txt"
    template.write_text("Look: {snipet}")
    run = step("request_instructions", snippets, "--template", template, "--per-snippet", 1, "--sampling", "{}",
               "--seed", 0, "--output", tmp_path / "out.jsonl")  # fmt: skip
    fails(run, template, "exactly the fields {snippet}")


def complete(tmp_path, *more, backend="scripted"):
    body = {"messages": [{"role": "user", "content": "Hello?"}], "temperature": 0, "max_tokens": 9, "seed": 1}
    requests = write(tmp_path / "requests.jsonl", {"custom_id": "a:1:1", "body": body})
    return step("complete_requests", requests, "--output", tmp_path / "out.jsonl", "--backend", backend, *more)


def test_an_unknown_backend_model_and_shard(tmp_path):
    fails(complete(tmp_path, backend="oracle"), "--backend oracle: there is none")
    fails(complete(tmp_path, "--model", "oracle"), "no model 'oracle'")
    fails(complete(tmp_path, "--model", "teacher", "--shard", "3/2"), "--shard 3/2: must be I/N")
    assert not (tmp_path / "out.jsonl").exists()


def test_an_answer_that_does_not_parse_is_asked_again_and_counted(tmp_path):
    options = json.dumps({"noise": 0.5, "flip_rate": 0.1, "seed": 0})
    run = complete(tmp_path, "--model", "judge", "--options", options, "--expect", "acr.judgement", "--attempts", 3)
    assert run.returncode == 0, run.stderr
    asked = [json.loads(line)["custom_id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert asked == ["a:1:1", "a:1:2", "a:1:3"]
    samples = write(tmp_path / "samples.jsonl", {"id": "a", "sample": 1, "response": "x", "finish_reason": "stop"})
    run = step("collect_judgements", samples, "--responses", tmp_path / "out.jsonl", "--output", tmp_path / "j.jsonl",
               "--counts", tmp_path / "counts.json", "--rejected", tmp_path / "rejected.jsonl")  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "counts.json").read_text())["rejected"] == {"unreadable": 1}


def test_a_model_that_is_not_there(tmp_path):
    dataset = write(tmp_path / "dataset.jsonl", RECORD)
    settings = {
        "epochs": 1, "batch_size": 1, "learning_rate": 1e-3, "min_lr_ratio": 0, "warmup_ratio": 0, "weight_decay": 0,
        "adam_beta1": 0.9, "adam_beta2": 0.99, "max_grad_norm": 1, "max_length": 64, "over_long": "refuse",
        "micro_batch": None, "precision": "float32", "gradient_checkpointing": False, "seed": 0,
    }  # fmt: skip
    run = step("train_model", dataset, "--start", tmp_path / "no_model", "--settings", json.dumps(settings), "--loss", "all",
               "--output", tmp_path / "model", "--log", tmp_path / "log", "--counts", tmp_path / "c", "--rejected", tmp_path / "r")  # fmt: skip
    fails(run, "no_model: cannot be loaded")
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.jsonl"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_workflow(tmp_path_factory.mktemp("clone"))


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("sed=1", "error: config: unknown key 'sed'; did you mean 'seed'?"),
        ("seed=one", "error: seed: 'one' is not of type 'integer'; see docs/config.md"),
        ("method=codelutra", "error: method: 'codelutra' is not available; choose one of acr"),
    ],
)
def test_a_wrong_config_ends_in_one_line_before_anything_runs(clone, setting, says):
    run = snakemake(clone, "-n", "--config", setting, reduced=False)
    assert run.returncode != 0
    assert [line for line in run.stderr.splitlines() if "error" in line.lower()] == [says]
    assert not (clone / "results").exists()


@pytest.mark.parametrize(("name", "student"), [("paper", "refinecoder-qw-7b"), ("small", "qwen-coder-0.5b")])
def test_the_other_scales_dry_run(clone, name, student):
    run = snakemake(clone, "-n", "--configfile", f"config/acr/{name}.yaml", reduced=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "train_model" in run.stdout and student in run.stdout


@pytest.mark.parametrize(("name", "model"), [("paper", "gpt-4o-2024-08-06"), ("small", "Qwen2.5-Coder-0.5B")])
def test_the_other_scales_are_planned_offline_before_anything_is_spent(tmp_path, name, model):
    folder = copy_workflow(tmp_path)
    run = snakemake(folder, "plan", "--configfile", f"config/acr/{name}.yaml", reduced=False)
    assert run.returncode == 0, run.stderr[-2000:]
    plan = next((folder / "results").glob("*/plan.csv")).read_text()
    assert model in plan and not list(folder.glob("results/*/instructions"))
    total = plan.splitlines()[-1].split(",")
    assert total[0] == "Total" and float(total[-2]) > 1, "hours on GPUs"
    assert (float(total[-4]) > 100) == (name == "paper"), "dollars"


def test_n_of_one_is_a_run_like_any_other(tmp_path):
    folder = copy_workflow(tmp_path)
    overlay = folder / REDUCED
    overlay.write_text(overlay.read_text().replace("scoring: {samples: 3}", "scoring: {samples: 1}"))
    target = "results/reduced/tiny/acr/iter_1/dataset.jsonl"
    run = snakemake(folder, target)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    ranking = [json.loads(line) for line in (folder / "results/reduced/tiny/acr/iter_0/ranking.jsonl").open()]
    assert {row["best_self"] for row in ranking} == {1}
    assert all(row["score_point"] == [1.0] and len(row["score_exec"]) == 2 for row in ranking)
    assert len((folder / target).read_text().splitlines()) == len(ranking)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plot_variants", ["--last", 2]),
        ("plot_iterations", ["--final", 3]),
        ("plot_feedback", ["--format", "two_turn", "--cases", "hidden"]),
    ],
)
def test_a_figure_with_a_part_of_its_data_missing_says_what_and_how_to_get_it(tmp_path, name, options):
    missing = "results/none/tiny/acr/benchmarks/hard/summary.json"
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("svg", "pdf", "png", "csv")]
    run = step(name, missing, "--entries", json.dumps([{"student": "s", "variant": "v", "benchmark": "b"}]), *options,
               "--label", "l", *outputs)  # fmt: skip
    fails(run, missing, f"make it (snakemake {missing})")
    assert list(tmp_path.iterdir()) == []
    fails(step(name, missing, "--entries", "[]", *options, "--label", "l", *outputs), "0 entries for 1 files")
