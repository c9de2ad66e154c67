"""A real SLURM on one machine, for tests: `python tests/cluster/slurm.py up [--accounting] | down`.

munged, slurmctld and one slurmd a node, all on loopback, without systemd. Each
node claims 64 cores, 1 TB and 8 A100s, which are device nodes where we are
root and mere counts elsewhere. With --accounting there are also slurmdbd and a
database of its own, and jobs are taken only for an account (mini). Daemons are known, and ended, by the process
ids that were written down when they started. State lies in $SLURM_TEST_DIR
(.slurm below the project).
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(os.environ.get("SLURM_TEST_DIR", Path(__file__).resolve().parents[2] / ".slurm"))
NODES = int(os.environ.get("NODES", "2"))
PORT = int(os.environ.get("PORT0", "17000"))
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch")
NEEDED_FOR_ACCOUNTING = ("slurmdbd", "mariadbd", "mariadb-install-db", "mariadb")
ACCOUNT = "mini"
SYSTEM = Path("/etc/slurm/slurm.conf")
CLIENTS = ("srun", "sbatch", "scancel", "squeue", "scontrol", "sinfo", "sacct", "sacctmgr", "sshare")

CONF = """\
ClusterName=mini
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={root}/run/munge.sock,cred_expire=20
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={root}/state/ctld
SlurmdSpoolDir={root}/state/spool.%n
SlurmctldPidFile={root}/run/slurmctld.own
SlurmdPidFile={root}/run/slurmd.%n.own
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
SlurmctldTimeout=30
SlurmdTimeout=20
InactiveLimit=0
KillWait=5
UnkillableStepTimeout=20
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=5,requeue_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
EnforcePartLimits=ALL
JobRequeue=1
PlugStackConfig={root}/etc/plugstack.conf
NodeName=gpu[1-{nodes}] NodeHostname=localhost NodeAddr=127.0.0.1 Port={first}-{last} Sockets=2 CoresPerSocket=32 ThreadsPerCore=1 RealMemory=1000000 Gres=gpu:a100:8 Feature=a100 State=UNKNOWN
PartitionName=gpu Nodes=gpu[1-{nodes}] Default=YES MaxTime=7-00:00:00 DefaultTime=60 DefMemPerCPU=1000 State=UP
PartitionName=cpu Nodes=gpu[1-{nodes}] MaxTime=1-00:00:00 DefaultTime=30 DefMemPerCPU=1000 State=UP
"""
WITHOUT_ACCOUNTING = "AccountingStorageType=accounting_storage/none\n"
ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={database}
AccountingStoragePass={root}/run/munge.sock
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment
AccountingStorageTRES=gres/gpu,gres/gpu:a100
"""
DATABASE = """\
AuthType=auth/munge
AuthInfo=socket={root}/run/munge.sock
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={database}
SlurmUser={user}
PidFile={root}/run/slurmdbd.own
LogFile={root}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={storage}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""


def missing(accounting=False):
    """What is not installed."""
    needed = NEEDED + (NEEDED_FOR_ACCOUNTING if accounting else ())
    return [name for name in needed if not shutil.which(name)]


def environment():
    """Variables by which SLURM's commands find this cluster."""
    return {**os.environ, "SLURM_CONF": str(ROOT / "etc/slurm.conf"), "PATH": f"{ROOT}/bin:{os.environ['PATH']}"}


def call(*command, check=True):
    """A command of SLURM, on this cluster."""
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=check, timeout=60, stdin=subprocess.DEVNULL
    ).stdout


def alive(name):
    """The process id that was written down, if it still is that daemon's."""
    try:
        pid = int((ROOT / "run" / f"{name}.pid").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if name.partition(".")[0].encode() in words[0] else None


def start(name, *command):
    """A daemon, unless it runs."""
    if alive(name):
        return
    with open(ROOT / "log" / f"{name}.out", "ab") as log:
        daemon = subprocess.Popen(
            command, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (ROOT / "run" / f"{name}.pid").write_text(str(daemon.pid))


def stop(name, number=15):
    """End a daemon and wait until it is gone."""
    pid = alive(name)
    if pid:
        os.kill(pid, number)
        until(lambda: alive(name) is None or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z", 20, name)
    (ROOT / "run" / f"{name}.pid").unlink(missing_ok=True)


def until(true, seconds, what):
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"error: {what} took more than {seconds} s; see {ROOT}/log")
        time.sleep(0.1)


def works(*command):
    """Whether a command succeeds."""
    return subprocess.run(command, env=environment(), capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def configure(accounting):
    """Write all that the daemons read."""
    for name in ("etc", "run", "log", "state/ctld", "dev", "bin"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    if (ROOT / "etc/slurm.conf").exists():
        return
    key = ROOT / "etc/munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    gpus = "Name=gpu Type=a100 Count=8"
    if os.geteuid() == 0:
        for number in range(8):
            os.mknod(ROOT / f"dev/nvidia{number}", 0o020666, os.makedev(1, 3))
        gpus = f"Name=gpu Type=a100 File={ROOT}/dev/nvidia[0-7]"
    (ROOT / "etc/gres.conf").write_text(f"{gpus}\n")
    (ROOT / "etc/cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nConstrainCores=no\nConstrainRAMSpace=no\n")
    (ROOT / "etc/plugstack.conf").touch()
    user = pwd.getpwuid(os.geteuid()).pw_name
    ports = {"port": PORT, "database": PORT + 1, "storage": PORT + 2, "first": PORT + 101, "last": PORT + 100 + NODES}
    host = socket.gethostname().partition(".")[0]
    values = {"host": host, "user": user, "root": ROOT, "nodes": NODES, **ports}
    if accounting:
        database = ROOT / "etc/slurmdbd.conf"
        database.touch(mode=0o600)
        database.write_text(DATABASE.format(**values))
    conf = CONF + (ACCOUNTING if accounting else WITHOUT_ACCOUNTING)
    (ROOT / "etc/slurm.conf").write_text(conf.format(**values))
    for name in CLIENTS:
        wrapper = ROOT / "bin" / name
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={ROOT}/etc/slurm.conf exec {shutil.which(name)} "$@"\n')
        wrapper.chmod(0o755)


def start_database():
    """mariadbd and slurmdbd, until the account is there."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    place, door = f"--datadir={ROOT}/state/mysql", f"--socket={ROOT}/run/mysql.sock"
    if not (ROOT / "state/mysql").exists():
        install = ["mariadb-install-db", "--no-defaults", place, "--auth-root-authentication-method=normal"]
        call(*install, "--skip-test-db", f"--user={user}")
    options = [place, door, f"--user={user}", "--bind-address=127.0.0.1", f"--port={PORT + 2}", "--skip-name-resolve"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-lock-wait-timeout=900"]
    start("mariadbd", "mariadbd", "--no-defaults", *options, *quick, f"--pid-file={ROOT}/run/mariadbd.own")
    client = ("mariadb", "--no-defaults", "--user=root", door, "--execute")
    until(lambda: works(*client, "select 1"), 60, "mariadbd")
    call(*client, "create user if not exists slurm@'127.0.0.1' identified by 'slurm'")
    call(*client, "grant all on slurm.* to slurm@'127.0.0.1'")
    start("slurmdbd", "slurmdbd", "-D")
    until(lambda: works("sacctmgr", "-n", "show", "cluster"), 60, "slurmdbd")
    for entry in (["cluster", "mini"], ["account", ACCOUNT, "cluster=mini"], ["user", user, f"account={ACCOUNT}"]):
        call("sacctmgr", "-i", "add", *entry, check=False)  # fails where it is there already


def start_controller():
    """slurmctld, until it answers."""
    start("slurmctld", "slurmctld", "-D")
    until(lambda: works("scontrol", "ping") and "UP" in call("scontrol", "ping"), 60, "slurmctld")


def start_node(number):
    """One node's slurmd."""
    start(f"slurmd.gpu{number}", "slurmd", "-D", "-N", f"gpu{number}")


def up(accounting=False):
    """The cluster, ready for jobs; nothing where it is."""
    configure(accounting)
    # srun inside a job is given none of our variables: it reads the system's file.
    if os.access(SYSTEM.parent, os.W_OK) and (SYSTEM.is_symlink() or not SYSTEM.exists()):
        SYSTEM.unlink(missing_ok=True)
        SYSTEM.symlink_to(ROOT / "etc/slurm.conf")
    munge = ["--key-file", ROOT / "etc/munge.key", "--socket", ROOT / "run/munge.sock", "--foreground"]
    munge += ["--pid-file", ROOT / "run/munged.own", "--log-file", ROOT / "log/munged.log"]
    start("munged", "munged", *map(str, munge), "--seed-file", str(ROOT / "run/munge.seed"))
    until(lambda: works("munge", "-n", "-S", str(ROOT / "run/munge.sock")), 10, "munged")
    if (ROOT / "etc/slurmdbd.conf").exists():
        start_database()
    start_controller()  # first: a node that finds none waits 10 s before it asks again
    for number in range(1, NODES + 1):
        start_node(number)
    until(all_nodes, 60, "slurmd")


def all_nodes():
    """Whether every node takes jobs."""
    told = call("sinfo", "-h", "-N", "-p", "gpu", "-t", "idle,mixed,allocated,completing", "-o", "%N", check=False)
    return len(set(told.split())) == NODES


def down():
    """End jobs and daemons, and remove their state."""
    if alive("slurmctld"):
        call("scancel", "--quiet", "--me", check=False)
        until(lambda: not call("squeue", "-h", check=False).strip(), 30, "jobs to end")
    for path in sorted((ROOT / "run").glob("slurmd.gpu*.pid")):
        stop(path.stem)
    for name in ("slurmctld", "slurmdbd", "mariadbd", "munged"):
        stop(name)
    if SYSTEM.is_symlink() and SYSTEM.readlink() == ROOT / "etc/slurm.conf":
        SYSTEM.unlink()
    shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    accounting = sys.argv[1:] == ["up", "--accounting"]
    if missing(accounting):
        packages = "slurm-wlm munge" + (" slurmdbd mariadb-server" if accounting else "")
        sys.exit(f"error: not installed: {', '.join(missing(accounting))} (Debian: apt-get install {packages})")
    if sys.argv[1:2] == ["up"] and (accounting or len(sys.argv) == 2):
        up(accounting)
        print(f"export SLURM_CONF={ROOT}/etc/slurm.conf PATH={ROOT}/bin:$PATH")
    elif sys.argv[1:] == ["down"]:
        down()
    else:
        sys.exit(__doc__)
