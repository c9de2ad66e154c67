"""The workflow on a real SLURM: a whole run, and jobs, nodes, controllers and Snakemakes that fail."""

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.utils import set_gres_string

from support import slurm
from support.cluster_parts import (
    BRIEF,
    GREEDY,
    REDUCED,
    STARTED,
    change,
    command,
    detail,
    environment_here,
    finish,
    jobs,
    start,
)
from support.training_parts import (
    compare_losses,
    read_log,
    save_records,
    save_student,
    settings_json,
    train,
    training_command,
)
from support.workflow import ROOT, compared, copy_workflow, environment

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(slurm.missing()), reason=f"SLURM is not installed ({', '.join(slurm.missing())} not found)"
    ),
]
# With WHOLE=1 the reduced miniature, whole; otherwise less than half of its jobs.
CONFIGS = (REDUCED,) if os.environ.get("WHOLE") else (REDUCED, BRIEF)
WRITERS = "writers.log"
MODEL = "results/reduced/tiny/acr/iter_0/model"
LEAST = 100  # seconds of the training: more than a limit of a minute, which SLURM looks at twice a minute
LONG = """
import time
from refinement.training.trainers import ProgressCallback

ProgressCallback.on_step_begin = lambda *_, **__: time.sleep({pause})
"""
ORDINARY = {"user": "nobody", "group": "nogroup"}
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


def whole_copy(folder):
    """A clone with the config of the whole runs."""
    copy = copy_workflow(folder.resolve())
    (copy / "tests/cluster").mkdir()
    shutil.copy(ROOT / BRIEF, copy / BRIEF)
    return copy


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A clone with an undisturbed run, on this machine, of everything that the config asks for."""
    copy = whole_copy(tmp_path_factory.mktemp("here"))
    done = subprocess.run(
        ["snakemake", "--cores", "2", "--configfile", *CONFIGS],
        cwd=copy, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return copy


@pytest.fixture(scope="module")
def whole(cluster, here, tmp_path_factory):
    """The same on the cluster; it goes on while the other tests strike."""
    copy = whole_copy(tmp_path_factory.mktemp("whole"))
    run = start(copy, configs=CONFIGS)
    yield copy, run
    end(copy)


@pytest.fixture(scope="module")
def limited(cluster, here, tmp_path_factory):
    """A training that its job's first time limit, a minute, does not suffice for; it goes on likewise."""
    copy = tmp_path_factory.mktemp("limited").resolve()
    shutil.copytree(here, copy, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(copy / MODEL)
    updates = json.loads((here / f"{MODEL}.log.json").read_text())["steps"]
    change(copy, LONG.format(pause=LEAST / updates), step="engines/train_model")
    (copy / "limit.yaml").write_text("resources: {training: {runtime: 1}}\ntraining: {checkpoint_steps: 1}\n")
    run = start(copy, MODEL, configs=(*CONFIGS, "limit.yaml"))
    yield copy, run
    end(copy)


def end(folder):
    """End what a test has started, and its jobs."""
    for place, run in STARTED:
        if place == folder:
            run.kill()
            run.wait()
    for number in jobs(folder, "pending,running"):
        slurm.call("scancel", str(number), check=False)


@pytest.fixture
def folder(tmp_path, whole, limited):
    """A clone, in which one step (audit_tables) can be told to be slow; its jobs end with the test."""
    copy = copy_workflow(tmp_path.resolve())
    (copy / "seconds").write_text("0")
    yield copy
    end(copy)


class Asked(dict):
    """Resources as the plugin reads them: by key and by attribute."""

    __getattr__ = dict.__getitem__


def wait(run, seconds=180):
    """A background run's exit status."""
    return run.wait(timeout=seconds)


def writers(folder):
    """Lines of those who wrote, so far."""
    log = folder / WRITERS
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


@contextmanager
def other_command(folder):
    """A Snakemake that runs no jobs, while it is at work in the folder."""
    hold = f"from refinement.running.workflow_lock import Claim; kept = Claim(Path('{folder}/.snakemake')); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path; {hold}"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "held\n"
        yield


def await_writer(folder, count=1, seconds=90):
    """Until the step has begun for the nth time."""
    slurm.until(lambda: sum(word == "begin" for word, _ in writers(folder)) >= count, seconds, "the job's step")


@pytest.fixture
def right(folder, here):
    """Whether the audit's table, which a run of the folder's own made, is what it must be."""
    table = "results/reduced/tables/audit.csv"
    return lambda: (folder / table).read_bytes() == (here / table).read_bytes()


def test_a_failed_job_is_sent_again_with_more_memory_and_time(folder, right):
    change(folder, GREEDY)
    status, told = finish(folder, "audit")
    assert status == 0 and right(), told
    first, second = jobs(folder)
    assert [jobs(folder)[number] for number in (first, second)] == ["FAILED", "COMPLETED"]
    assert (detail(first, "MinMemoryNode"), detail(second, "MinMemoryNode")) == ("2000M", "4000M")
    assert (detail(first, "TimeLimit"), detail(second, "TimeLimit")) == ("00:30:00", "01:00:00")


def test_an_interrupt_leaves_no_job_behind(folder):
    change(folder, SLOW)
    (folder / "seconds").write_text("600")
    run = start(folder, "audit")
    await_writer(folder)
    run.send_signal(signal.SIGINT)
    assert wait(run) != 0
    slurm.until(lambda: not jobs(folder, "pending,running,completing"), 30, "jobs to end")
    assert list((folder / ".snakemake/slurm_runs").iterdir()) == []


@pytest.mark.parametrize("looks", [False, True])
def test_a_killed_run_is_finished_by_the_same_command_without_a_second_writer(folder, right, looks):
    """Also where a command that only looks (a report) is at work when it starts."""
    change(folder, SLOW)
    (folder / "seconds").write_text("600")
    run = start(folder, "audit")
    await_writer(folder)
    run.kill()
    run.wait()
    time.sleep(3)
    assert list(jobs(folder).values()) == ["RUNNING"]  # SLURM knows nothing of it
    (folder / "seconds").write_text("3")
    with other_command(folder) if looks else nullcontext():
        again = start(folder, "audit")
        if looks:
            slurm.until(lambda: "waits: another command" in (folder / "run.log").read_text(), 60, "the run")
    status, told = wait(again), (folder / "run.log").read_text()
    assert status == 0 and right(), told
    assert "an earlier workflow was killed; its jobs" in told
    assert list(jobs(folder).values()) == ["CANCELLED", "COMPLETED"]
    (first, one), (second, two), (third, three) = writers(folder)
    assert (first, second, third) == ("begin", "begin", "end") and one != two == three


def test_what_a_killed_run_s_job_finished_later_is_made_again(folder, right):
    change(folder, SLOW)
    (folder / "seconds").write_text("8")
    run = start(folder, "audit")
    await_writer(folder)
    run.kill()
    run.wait()
    slurm.until(lambda: list(jobs(folder).values()) == ["COMPLETED"], 60, "the job")
    (folder / "seconds").write_text("0")
    status, told = finish(folder, "audit")
    assert status == 0 and right(), told
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


def test_a_time_limit_strikes_in_training_which_goes_on_from_its_checkpoint(limited, here):
    folder, run = limited
    status = run.wait(timeout=900)
    assert status == 0, (folder / "run.log").read_text()[-4000:]
    numbers = list(jobs(folder))
    assert [jobs(folder)[number] for number in numbers] == ["TIMEOUT"] * (len(numbers) - 1) + ["COMPLETED"]
    limits = [detail(number, "TimeLimit") for number in numbers]
    assert len(numbers) > 1 and limits == ["00:01:00", "00:02:00", "00:03:00"][: len(numbers)]
    said = (folder / "results/reduced/logs/tiny/acr/iter_0/train_model.log").read_text()
    step = int(re.search(r"continues from \S+/checkpoint-(\d+)$", said, re.M)[1])
    log, undisturbed = (json.loads((place / f"{MODEL}.log.json").read_text()) for place in (folder, here))
    assert 0 < step < undisturbed["steps"] == log["steps"]
    assert (folder / MODEL / "model.safetensors").read_bytes() == (here / MODEL / "model.safetensors").read_bytes()
    print(f"limits of {', '.join(limits)}: the last went on from update {step} of {log['steps']}")


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


def test_a_node_dies_and_the_controller_restarts(folder, right):
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
    assert right()
    assert jobs(folder) == {number: "COMPLETED"} and int(detail(number, "Restarts")) == 1
    assert [word for word, _ in writers(folder)] == ["begin", "begin", "end"]


def paper_jobs(folder, *options):
    """What the first job of each rule of the paper's run asks for, from a dry run of all of them."""
    for path in (folder / "rules").rglob("*.smk"):  # a message takes the place of the resources
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


@pytest.mark.parametrize("devices", [8, 4])
def test_a_training_on_two_nodes_is_accepted_with_as_many_gpus_on_each(folder, devices):
    training, asked = f"{{nodes: 2, devices: {devices}}}", f"{{nodes: 2, gpu: {2 * devices}}}"
    (folder / "two.yaml").write_text(f"training: {training}\nresources: {{training: {asked}}}\n")
    model = "results/refinecoder/refinecoder-ds-6.7b/acr/iter_0/model"
    found = paper_jobs(folder, model, "--configfile", "config/acr/paper.yaml", "two.yaml")
    line = accept(folder, found)["train_model"]
    assert (
        "--nodes=2" in line
        and "--ntasks=2" in line
        and "--ntasks-per-node=1" in line
        and f"--gpus=a100:{2 * devices}" in line
    )
    told = subprocess.run(
        [*shlex.split(line), "--wait", f"--output={folder}/job.log", "--wrap=srun sh -c 'echo $CUDA_VISIBLE_DEVICES'"],
        env=slurm.environment(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    seen = (folder / "job.log").read_text().split()
    assert [len(node.split(",")) for node in seen] == [devices, devices]


def public_python():
    """A Python of this version that anyone may run, with our packages on its path; None where there is none."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([python, "-c", ""], check=True, cwd="/", **ORDINARY)
            return python
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="here all is done by an ordinary user")
def test_an_ordinary_user_s_jobs_run_as_that_user():
    python = public_python()
    if python is None:
        pytest.skip("no Python of this version that other users may run")
    with TemporaryDirectory() as home:
        folder, tools = Path(home).resolve() / "clone", Path(home).resolve() / "bin"
        for path in (folder, tools):
            path.mkdir()
        copy_workflow(folder)
        (tools / "python").symlink_to(python)
        for path in (Path(home), *Path(home).rglob("*")):
            if not path.is_symlink():
                shutil.chown(path, **ORDINARY)
        own = {"HOME": home, "USER": "nobody", "LOGNAME": "nobody", "PYTHONPATH": sysconfig.get_path("purelib")}
        own |= {"PATH": f"{tools}:{environment_here()['PATH']}"}
        told = subprocess.run(
            [python, "-m", *command("audit")], cwd=folder, env={**environment_here(), **own}, capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=300, extra_groups=[], **ORDINARY,
        )  # fmt: skip
        assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
        (number,) = jobs(folder)
        assert detail(number, "UserId") == "nobody(65534)"
        assert (folder / "results/reduced/tables/audit.csv").owner() == "nobody"


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
        env={**environment_here(), "MASTER_ADDR": "127.0.0.1"}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr + (folder / "job.log").read_text()[-4000:]
    difference = compare_losses(folder, name, "one", 1e-3, least=50)
    print(f"ZeRO {stage} on two nodes: losses of 56 updates within {difference:.1e} of one process's")
    assert read_log(folder, name)["throughput"]["processes"] == 2 and (folder / name / "model.safetensors").is_file()


def test_a_whole_run_beside_all_this_gives_the_bytes_of_one_here(whole, here):
    folder, run = whole
    status = run.wait(timeout=3600)
    assert status == 0, (folder / "run.log").read_text()[-4000:]
    one, other = compared(here), compared(folder)
    assert len(one) > 15 and one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert set(jobs(folder).values()) == {"COMPLETED"}
    print(f"{len(jobs(folder))} jobs, {len(one)} files the same")
