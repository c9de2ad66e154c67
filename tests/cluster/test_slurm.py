"""The workflow on a real SLURM: a whole run, and jobs, nodes, controllers and Snakemakes that fail."""

import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.utils import set_gres_string

sys.path.insert(0, str(Path(__file__).parent))
import slurm

from conftest import ROOT, compared, copy_workflow, environment
from conftest import snakemake as snakemake_here
from training_parts import compare_losses, read_log, save_records, save_student, settings_json, train, training_command

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(slurm.missing()), reason=f"SLURM is not installed ({', '.join(slurm.missing())} not found)"
    ),
]
REDUCED, BRIEF = "tests/reduced.yaml", "tests/cluster/brief.yaml"
# All of the reduced miniature takes half an hour here; it is asked for by name.
ASKED = (REDUCED,) if os.environ.get("WHOLE") else (REDUCED, BRIEF)
# This machine's size: the profile is for a cluster's. Two cores hold few Snakemakes at a time.
SIZE = ["--jobs", "4", "--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "10"]
WRITERS = "writers.log"
STARTED = []
# Stands before a step's own code: tells who writes, and gives time to strike.
SLOW = f"""
import os, sys, time
if "--help" not in sys.argv:
    with open("{WRITERS}", "a") as log:
        print("begin", os.getpid(), file=log, flush=True)
    time.sleep(float(open("seconds").read()))
    with open("{WRITERS}", "a") as log:
        print("end", os.getpid(), file=log, flush=True)
"""
# Stands before a training's: each update takes as long as the file says, whatever else this machine does.
SLUGGISH = """
import time
import transformers

def wait_first(trainer, *inputs, step=transformers.Trainer.training_step, **named):
    time.sleep(float(open("seconds").read()))
    return step(trainer, *inputs, **named)

transformers.Trainer.training_step = wait_first
"""
GREEDY = """
import os
if not os.path.exists("failed_once"):
    open("failed_once", "w").close()
    raise MemoryError
"""


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """SLURM, started here, unless it is up (make cluster-up)."""
    there = slurm.alive("slurmctld")
    try:
        slurm.up()
    except (OSError, SystemExit) as error:
        slurm.down()
        pytest.skip(f"SLURM does not start on this machine: {error}")
    yield
    if not there:
        slurm.down()


def brief_copy(folder):
    """A clone with the brief config."""
    copy = copy_workflow(folder.resolve())
    (copy / "tests/cluster").mkdir()
    shutil.copy(ROOT / BRIEF, copy / BRIEF)
    return copy


@pytest.fixture(scope="module")
def whole(cluster, tmp_path_factory):
    """A run of everything that the config asks for; it goes on while the other tests strike."""
    copy = brief_copy(tmp_path_factory.mktemp("whole"))
    run = start(copy, configs=ASKED)
    yield copy, run
    run.kill()
    run.wait()


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The same run without SLURM."""
    copy = brief_copy(tmp_path_factory.mktemp("here"))
    done = subprocess.run(
        ["snakemake", "--cores", "2", "--configfile", *ASKED],
        cwd=copy, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return copy


@pytest.fixture
def folder(tmp_path, whole):
    """A clone, in which one step (audit_tables) can be told to be slow; its jobs end with the test."""
    copy = copy_workflow(tmp_path.resolve())
    (copy / "seconds").write_text("0")
    yield copy
    for place, run in STARTED:
        if place == copy:
            run.kill()
            run.wait()
    for number in jobs(copy, "pending,running"):
        slurm.call("scancel", str(number), check=False)


def change(folder, before, name="audit_tables"):
    """Put code before a step, by default the one that writes the table of the audit."""
    step = folder / f"scripts/{name}.py"
    text = step.read_text()
    place = text.index("\nimport") + 1
    step.write_text(text[:place] + before + text[place:])


class Asked(dict):
    """Resources as the plugin reads them: by key and by attribute."""

    __getattr__ = dict.__getitem__


def command(*targets, configs=(REDUCED,)):
    """What a user types, with this machine's size."""
    return ["snakemake", "--profile", "slurm", *SIZE, *targets, "--configfile", *configs]


def start(folder, *targets, **options):
    """Snakemake on the cluster, in the background."""
    with open(folder / "run.log", "ab") as log:
        run = subprocess.Popen(
            command(*targets, **options), cwd=folder, env={**slurm.environment(), **environment_here()},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
    STARTED.append((folder, run))
    return run


def environment_here():
    """The activated environment, with SLURM's commands."""
    return {**environment(), "PATH": f"{slurm.ROOT}/bin:{environment()['PATH']}"}


def finish(folder, *targets, **options):
    """Snakemake on the cluster, to its end."""
    told = subprocess.run(
        command(*targets, **options), cwd=folder, env={**slurm.environment(), **environment_here()},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    return told.returncode, told.stdout + told.stderr


def wait(run, seconds=180):
    """A background run's exit status."""
    return run.wait(timeout=seconds)


def jobs(folder, states="all"):
    """Jobs of a folder by number, with their states."""
    lines = slurm.call("squeue", "--noheader", "--sort=i", f"--states={states}", "--format=%A %T %Z").splitlines()
    return {int(line.split()[0]): line.split()[1] for line in lines if line.split()[2] == str(folder)}


def detail(number, name):
    """One field of what SLURM knows about a job."""
    return re.search(rf"\b{name}=(\S+)", slurm.call("scontrol", "show", "job", str(number)))[1]


def writers(folder):
    """Lines of those who wrote, so far."""
    log = folder / WRITERS
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def await_writer(folder, count=1, seconds=90):
    """Until the step has begun for the nth time."""
    slurm.until(lambda: sum(word == "begin" for word, _ in writers(folder)) >= count, seconds, "the job's step")


def right(folder):
    """The audit's table, which a run of its own made, is what it must be."""
    return (folder / "results/reduced/tables/audit.csv").read_bytes() == AUDIT.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def audit(tmp_path_factory):
    """The table that the drills are about, made here."""
    global AUDIT
    copy = copy_workflow(tmp_path_factory.mktemp("audit"))
    assert snakemake_here(copy, "audit").returncode == 0
    AUDIT = copy / "results/reduced/tables/audit.csv"


def test_a_failed_job_is_sent_again_with_more_memory_and_time(folder):
    change(folder, GREEDY)
    status, told = finish(folder, "audit")
    assert status == 0 and right(folder), told
    first, second = jobs(folder)
    assert [jobs(folder)[number] for number in (first, second)] == ["FAILED", "COMPLETED"]
    assert (detail(first, "MinMemoryNode"), detail(second, "MinMemoryNode")) == ("2000M", "4000M")
    assert (detail(first, "TimeLimit"), detail(second, "TimeLimit")) == ("00:30:00", "01:00:00")


def test_a_time_limit_strikes_in_training_which_continues_from_its_checkpoint(folder, here):
    base = "results/reduced/tiny/base"
    change(folder, SLUGGISH, "pretrain_base")
    (folder / "seconds").write_text("0.4")  # 250 updates: more than the minute of the first attempt
    (folder / "short.yaml").write_text("resources: {training: {runtime: 1}}\n")
    status, told = finish(folder, base, configs=(REDUCED, "short.yaml"))
    assert status == 0, told
    found = jobs(folder)
    struck = [number for number, state in found.items() if state == "TIMEOUT"]
    assert struck and set(found.values()) == {"TIMEOUT", "COMPLETED"}
    limits = [detail(number, "TimeLimit") for number in (*struck, max(found))]
    assert limits == [f"00:0{minutes}:00" for minutes in range(1, len(limits) + 1)]
    log = (folder / "results/reduced/logs/tiny/pretrain_base.log").read_text()
    step = int(re.search(r"continues from .*checkpoint-(\d+)", log)[1])
    assert step >= 20 and step % 20 == 0
    weights = [(place / base / "model.safetensors").read_bytes() for place in (folder, here)]
    assert weights[0] == weights[1], "not those of an undisturbed training"
    print(f"struck {len(struck)} times; the last attempt went on after update {step} of 250")


def test_an_interrupt_leaves_no_job_behind(folder):
    change(folder, SLOW)
    (folder / "seconds").write_text("600")
    run = start(folder, "audit")
    await_writer(folder)
    run.send_signal(signal.SIGINT)
    assert wait(run) != 0
    slurm.until(lambda: not jobs(folder, "pending,running,completing"), 30, "jobs to end")
    assert list((folder / ".snakemake/slurm_runs").iterdir()) == []


def test_a_killed_run_is_finished_by_the_same_command_without_a_second_writer(folder):
    change(folder, SLOW)
    (folder / "seconds").write_text("600")
    run = start(folder, "audit")
    await_writer(folder)
    run.kill()
    run.wait()
    time.sleep(3)
    assert list(jobs(folder).values()) == ["RUNNING"]  # SLURM knows nothing of it
    (folder / "seconds").write_text("3")
    status, told = finish(folder, "audit")
    assert status == 0 and right(folder), told
    assert "an earlier run was killed; its jobs" in told
    assert list(jobs(folder).values()) == ["CANCELLED", "COMPLETED"]
    (first, one), (second, two), (third, three) = writers(folder)
    assert (first, second, third) == ("begin", "begin", "end") and one != two == three


def test_what_a_killed_run_s_job_finished_later_is_made_again(folder):
    change(folder, SLOW)
    (folder / "seconds").write_text("8")
    run = start(folder, "audit")
    await_writer(folder)
    run.kill()
    run.wait()
    slurm.until(lambda: list(jobs(folder).values()) == ["COMPLETED"], 60, "the job")
    (folder / "seconds").write_text("0")
    status, told = finish(folder, "audit")
    assert status == 0 and right(folder), told
    assert [word for word, _ in writers(folder)] == ["begin", "end"] * 2
    status, told = finish(folder, "audit")
    assert status == 0 and "Nothing to be done" in told


def test_a_job_whose_run_is_gone_does_nothing(folder):
    change(folder, SLOW)
    slurm.call("scontrol", "update", "nodename=gpu[1-2]", "state=drain", "reason=test")
    try:
        run = start(folder, "audit")
        slurm.until(lambda: list(jobs(folder).values()) == ["PENDING"], 60, "the job")
        run.kill()
        run.wait()
        shutil.rmtree(folder / ".snakemake/slurm_runs")
    finally:
        slurm.call("scontrol", "update", "nodename=gpu[1-2]", "state=resume")
    slurm.until(lambda: list(jobs(folder).values()) == ["FAILED"], 60, "the job")
    assert writers(folder) == [] and not (folder / "results/reduced/tables/audit.csv").exists()
    logs = [path.read_text() for path in (folder / ".snakemake/slurm_logs").rglob("*.log")]
    assert any("that sent this job is gone; nothing is done" in text for text in logs)


def crash(node):
    """A node loses its power: its daemon and all processes of its jobs are gone at once."""
    here = slurm.call("squeue", "--noheader", f"--nodelist={node}", "--states=running", "--format=%A").split()
    slurm.stop(f"slurmd.{node}", signal.SIGKILL)
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for number in map(str.encode, here):
            if words.startswith(b"slurmstepd: [" + number + b".") or b"SLURM_JOB_ID=" + number in variables:
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_node_dies_and_the_controller_restarts(folder):
    change(folder, SLOW)
    (folder / "seconds").write_text("600")
    run = start(folder, "audit")
    await_writer(folder)
    (number,) = jobs(folder)
    node = detail(number, "NodeList")
    try:
        crash(node)
        (folder / "seconds").write_text("12")
        await_writer(
            folder, 2, seconds=300
        )  # SLURM waits 20 s for the node, then two minutes before it starts a job anew
        slurm.stop("slurmctld")
        time.sleep(4)
        slurm.start_controller()
        assert wait(run) == 0, (folder / "run.log").read_text()[-3000:]
    finally:
        slurm.start_controller()
        slurm.start_node(node.removeprefix("gpu"))
        slurm.until(slurm.all_nodes, 60, "slurmd")
    assert right(folder)
    assert jobs(folder) == {number: "COMPLETED"} and int(detail(number, "Restarts")) == 1
    assert [word for word, _ in writers(folder)] == ["begin", "begin", "end"]


def paper_jobs(folder, *options):
    """What the first job of each rule of the paper's run asks for, from a dry run of all of them."""
    for path in (folder / "rules").glob("*.smk"):  # a message takes the place of the resources
        path.write_text(re.sub(r'^ *message:\n *".*"\n', "", path.read_text(), flags=re.M))
    began, told = time.monotonic(), folder / "dry.log"
    with open(told, "w") as log:
        done = subprocess.run(
            ["snakemake", *options, "--profile", "slurm", "-n", "--default-resources", "gpu_model=a100"],
            cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    lines = told.read_text()
    assert done.returncode == 0, lines[-2000:]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    count = re.search(r"total +(\d+)", lines)[1]
    print(f"dry run of {count} jobs: {time.monotonic() - began:.1f} s, {most:.0f} MB")
    assert most < 1000
    found = {}
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n)+)", lines, re.M):
        if "    log:" not in body:
            continue  # a name for files, nothing to run
        asked = dict(part.split("=", 1) for part in re.search(r"resources: (.*)", body)[1].split(", "))
        values = {key: int(value) if value.isdigit() else value for key, value in asked.items()}
        assert {"gpu", "mem_mb", "runtime", "cpus_per_task", "nodes"} <= values.keys(), name
        threads = re.search(r"threads: (\d+)", body)
        found.setdefault(name, (values, int(threads[1]) if threads else 1))
    return found


def accept(folder, found):
    """Have sbatch say whether it would take each of these jobs; their command lines by rule."""
    accepted = {}
    for name, (asked, threads) in found.items():
        job = SimpleNamespace(resources=Asked(asked), threads=threads, name=name)
        params = {"run_uuid": "paper", "slurm_logfile": "paper.log", "comment_str": f"rule_{name}", "account": ""}
        params |= {"partition": "-p gpu", "workdir": str(folder)}
        line = get_submit_command(job, params) + set_gres_string(job)
        assert ("--gpus=a100" in line) == (asked["gpu"] > 0), line
        told = subprocess.run(
            [*shlex.split(line), "--test-only", "--wrap=true"], env=slurm.environment(), capture_output=True, text=True
        )
        assert told.returncode == 0, f"{line}\n{told.stderr}"
        accepted[name] = line
    return accepted


def test_the_paper_s_jobs_are_accepted(folder):
    accepted = accept(folder, paper_jobs(folder))
    assert {
        "train_model",
        "ask_student",
        "ask_judge",
        "ask_critic",
        "ask_teacher",
        "execute_samples",
    } <= accepted.keys()


def test_a_training_on_two_nodes_is_accepted(folder):
    (folder / "two.yaml").write_text("training: {nodes: 2}\nresources: {training: {nodes: 2, gpu: 16}}\n")
    model = "results/refinecoder/refinecoder-ds-6.7b/acr/iter_0/model"
    found = paper_jobs(folder, model, "--configfile", "config/refinecoder.yaml", "two.yaml")
    line = accept(folder, found)["train_model"]
    assert "--nodes=2" in line and "--ntasks=2" in line and "--ntasks-per-node=1" in line and "--gpus=a100:16" in line


@pytest.mark.parametrize("stage", [2, 3])
def test_two_nodes_train_one_model(tmp_path, stage):
    """torchrun under srun, a process on each of two nodes, DeepSpeed on CPUs: the loss curve of one process."""
    folder, name = tmp_path.resolve(), f"zero{stage}"
    save_student(folder / "base")
    save_records(folder / "dataset.jsonl", 60)
    train(folder, "one", settings_json(epochs=7))
    settings = settings_json(epochs=7, deepspeed=f"config/deepspeed/{name}.json")
    step = shlex.join(training_command(folder, name, settings, nodes=2))
    asked = ["--nodes=2", "--ntasks=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--mem=3000", "--time=10"]
    srun = "srun --nodes=2 --ntasks=2 --ntasks-per-node=1"
    # The emulated nodes have names that only SLURM knows; they meet on this machine.
    told = subprocess.run(
        ["sbatch", "--wait", f"--chdir={ROOT}", f"--output={folder}/job.log", *asked, f"--wrap={srun} {step}"],
        env={**slurm.environment(), **environment_here(), "MASTER_ADDR": "127.0.0.1"}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr + (folder / "job.log").read_text()[-4000:]
    difference = compare_losses(folder, name, "one", 1e-3, least=50)
    print(f"ZeRO {stage} on two nodes: losses of 56 updates within {difference:.1e} of one process's")
    assert read_log(folder, name)["throughput"]["processes"] == 2 and (folder / name / "model.safetensors").is_file()


def test_a_whole_run_beside_all_this_gives_the_bytes_of_one_here(whole, here):
    folder, run = whole
    status = run.wait(timeout=2700)
    assert status == 0, (folder / "run.log").read_text()[-4000:]
    one, other = compared(here), compared(folder)
    assert len(one) > 15 and one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert set(jobs(folder).values()) == {"COMPLETED"}
    print(f"{len(jobs(folder))} jobs, {len(one)} files the same")
