"""A finished run, and one setting changed: what decides a result has it made again, and nothing else does."""

import re
import subprocess

import pytest

from support.workflow import command, environment

# The change, as an overlay; the rules that start because of it; and some of those that follow from their new outputs.
TEACHER = ({"ask_teacher"}, {"ask_other_teacher", "ask_teacher_for_suggestions", "train_model"})
JUDGE = ({"ask_judge"}, {"ask_judge_of_scores", "select_best", "refine_dataset"})
DECIDES = [
    ("roles: {teacher: {options: {alpha: 4.0}}}", *TEACHER),
    ("roles: {teacher: {system: Be brief.}}", *TEACHER),
    ("roles: {teacher: {attempts: 4}}", *TEACHER),
    ("roles: {judge: {options: {noise: 0.1}}}", *JUDGE),
    ("roles: {judge: {retry_temperature: 0.9}}", *JUDGE),
    ("roles: {critic: {system: Be brief.}}", {"ask_critic"}, {"refine_dataset", "train_model"}),
    (
        "roles: {student: {options: {dtype: bfloat16}}}",
        {"ask_student", "ask_siblings_benchmarks_in_distribution"},
        {"ask_method_benchmarks_in_distribution", "train_model"},
    ),
    ("training: {weight_decay: 0.02}", {"pretrain_base"}, {"train_model", "ask_student"}),
    ("scoring: {weights: {clarity: 0.3}}", {"select_best"}, {"request_comparisons", "score_selection"}),
]
DECIDES_NOTHING = [
    "training: {checkpoint_minutes: 5}",
    "training: {checkpoint_steps: null}",
    "roles: {teacher: {max_failed_share: 0.5}}",
    "resources: {light: {mem_mb: 1999}}",
]


def started(folder, overlay):
    """The rules that a changed parameter starts, by Snakemake's own account at the end of a dry run, and its output."""
    (folder / "change.yaml").write_text(overlay + "\n")
    run = subprocess.run(
        [*command("-n"), "change.yaml"], cwd=folder, env=environment(), capture_output=True, text=True, timeout=120
    )
    out = run.stdout + run.stderr
    assert run.returncode == 0, out[-2000:]
    found = re.search(r"params have changed since last execution:\n +(.+)", out)
    return set(found[1].split(", ")) if found else set(), out


@pytest.mark.parametrize(("overlay", "first", "then"), DECIDES, ids=[overlay for overlay, *_ in DECIDES])
def test_a_setting_that_decides_answers_has_them_made_again(reduced, overlay, first, then):
    rules, out = started(reduced, overlay)
    jobs = {line.split()[0] for line in out.partition("job ")[2].partition("total")[0].splitlines()[2:] if line.split()}
    assert rules == first and jobs >= then


@pytest.mark.parametrize("overlay", DECIDES_NOTHING)
def test_a_setting_that_changes_no_byte_makes_nothing_again(reduced, overlay):
    rules, out = started(reduced, overlay)
    assert not rules and "Nothing to be done" in out


def test_a_variants_own_teacher_concerns_that_variant_alone(reduced):
    text = (reduced / "tests/reduced.yaml").read_text()
    (reduced / "teacher.yaml").write_text(text.replace("syntax_rate: 0.0}", "syntax_rate: 0.1}"))
    run = subprocess.run(
        ["snakemake", "-n", "--cores", "2", "--configfile", "teacher.yaml"],
        cwd=reduced, env=environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = re.search(r"params have changed since last execution:\n +(.+)", run.stdout + run.stderr)
    assert "ask_other_teacher" in found[1].split(", ") and "ask_teacher" not in found[1].split(", ")


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        ("prompts: {critic: prompts/missing.txt}", "prompts.critic: there is no prompts/missing.txt"),
        ("prompts: {evolution: prompts/evolutions}", "prompts.evolution: there is no prompts/evolutions"),
        ("prompts: {evolution: prompts/benchmarks}", "prompts.evolution: prompts/benchmarks lacks addition.txt"),
    ],
)
def test_a_named_file_that_is_missing_is_one_line_also_when_the_run_is_finished(reduced, overlay, says):
    (reduced / "change.yaml").write_text(overlay + "\n")
    run = subprocess.run(
        [*command(), "change.yaml"], cwd=reduced, env=environment(), capture_output=True, text=True, timeout=120
    )
    (line,) = [line for line in run.stderr.splitlines() if "error" in line.lower()]
    assert run.returncode != 0 and line.startswith(f"error: {says}")
