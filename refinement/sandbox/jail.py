"""The tiers of isolation, and how a worker's jail is entered.

A jail holds one fork server and shows it the system, Python and what it needs
of this package, all read-only: no project, no data, no home, no network. Each
program then gets namespaces of its own within the jail.
"""

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from refinement.sandbox import confine
from refinement.sandbox.in_jail import WORK

BUBBLEWRAP, NAMESPACES, LANDLOCK, LIMITS = "bubblewrap", "namespaces", "landlock", "limits"
TIERS = (BUBBLEWRAP, NAMESPACES, LANDLOCK, LIMITS)
STRONG = (BUBBLEWRAP, NAMESPACES)  # in which programs cannot see or reach anything outside
BASE, INPUTS = "JAIL_BASE", "JAIL_INPUTS"  # environment variables of a server that name its folders
INPUTS_INSIDE = "/inputs"  # where a jail shows the programs' read-only files
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_JAVA = sorted(str(path) for path in Path("/etc").glob("java-*-openjdk"))
_SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
    "/etc/mime.types",
    "/etc/mono",
    "/etc/ssl/openssl.cnf",
    *_JAVA,
)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_AS_USER = ("--unshare-all", "--uid", str(confine.USER), "--gid", str(confine.USER))
_AS_ROOT = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")


def _straight(path: str) -> str:
    """The absolute path without ``..``. Links stay: Python finds its virtual environment by them."""
    return os.path.abspath(path)  # noqa: PTH100


_PACKAGE = Path(_straight(__file__)).parents[1]
_PREFIX = _straight(sys.prefix)
_ETC = _PACKAGE / "sandbox" / "etc"  # names of users, groups and hosts, for programs that look them up
ENVIRONMENT = {
    "PYTHONPATH": str(_PACKAGE.parent), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8",
    "PATH": f"{_PREFIX}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": WORK,
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # else each of the first threads maps 64 MiB, which counts as address space
}  # fmt: skip


def visible() -> list[Path]:
    """Files and folders that a jail shows beside the system's: Python, this package, what that imports."""
    paths = [
        Path(_straight(sys.base_prefix)),
        Path(_PREFIX),
        _PACKAGE / "__init__.py",
        _PACKAGE / "records" / "__init__.py",
        _PACKAGE / "records" / "record_types.py",
        _PACKAGE / "running" / "__init__.py",
        _PACKAGE / "running" / "workflow_lock.py",
        _PACKAGE / "sandbox",
    ]
    found: list[Path] = []
    for path in paths:
        if not any(path.is_relative_to(other) for other in (Path("/usr"), *found)):
            found.append(path)
    return found


def command(tier: str, role: str, preload: str, inputs: str) -> list[str]:
    """The command line of a fork server, in its jail where it has one.

    ``role``: jail, or tester, which is not confined; ``preload``: a key of the
    server's table of modules; ``inputs``: folder of the programs' read-only files.
    """
    server = [_straight(sys.executable), "-s", "-P", "-m", "refinement.sandbox.fork_server", role, tier, preload]
    if role != "jail" or tier != BUBBLEWRAP:
        return server
    found = shutil.which("bwrap") or "bwrap"
    # The whole /proc, since the kernel lets nobody mount a program's own over bubblewrap's, which is partly hidden.
    line = [
        found, *(_AS_ROOT if confine.is_root() else _AS_USER), "--die-with-parent",
        "--new-session", "--bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        "--ro-bind", inputs, INPUTS_INSIDE,
    ]  # fmt: skip
    for name in _SYSTEM:
        if Path(name).is_symlink():
            line += ["--symlink", str(Path(name).readlink()), name]
        elif Path(name).exists():
            line += ["--ro-bind", name, name]
    parents = {parent for path in (*map(Path, _SETTINGS), *visible()) for parent in path.parents}
    for parent in sorted(parents - {Path("/"), *(Path(name) for name in _SYSTEM)}):
        if not any(parent.is_relative_to(name) for name in _SYSTEM):
            line += ["--perms", "0755", "--dir", str(parent)]
    for name in (*_SETTINGS, *map(str, visible())):
        line += ["--ro-bind-try", name, name]
    for path in sorted(_ETC.iterdir()):
        line += ["--ro-bind", str(path), f"/etc/{path.name}"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    return [*line, "--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/", *server]


def _bind(source: Path, root: Path) -> None:
    target = root / str(source).lstrip("/")
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    confine.mount(str(source), str(target), flags=confine.MS_BIND | confine.MS_REC)


def _furnish(root: Path, inputs: str) -> None:
    (root / INPUTS_INSIDE.lstrip("/")).mkdir()
    confine.mount(inputs, f"{root}{INPUTS_INSIDE}", flags=confine.MS_BIND)
    for name in map(Path, _SYSTEM):
        if name.is_symlink():
            (root / name.name).symlink_to(str(Path(name).readlink()))
        elif name.exists():
            _bind(name, root)
    for path in (*map(Path, _SETTINGS), *visible(), *(Path("/dev", name) for name in _DEVICES)):
        if path.exists():
            _bind(path, root)
    (root / "etc").mkdir(exist_ok=True)
    for path in _ETC.iterdir():
        shutil.copyfile(path, root / "etc" / path.name)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                         ("stderr", "/proc/self/fd/2")):  # fmt: skip
        (root / "dev" / name).symlink_to(target)
    for name in ("tmp", "proc", "old", "dev/shm"):
        (root / name).mkdir(exist_ok=True)


def enter_namespaces(base: str, inputs: str) -> None:
    """Fork a child with namespaces and a root of its own, in which this call returns; the parent ends with the child.

    ``base``: an empty folder to mount the root on; ``inputs``: folder of the
    programs' read-only files. Needs a process of one thread.
    """
    user, group = os.geteuid(), os.getegid()
    # Root needs no user namespace for the mounts, and within one it could not become another user.
    root_here = confine.is_root()
    child = confine.fork_into(confine.PER_WORKER & ~(confine.CLONE_NEWUSER if root_here else 0))
    if child:
        os.close(0)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    if not root_here:
        confine.map_user(confine.USER, user, group)
    confine.mount(None, "/", flags=confine.MS_REC | confine.MS_PRIVATE)
    root = Path(base)
    confine.mount("tmpfs", base, "tmpfs", confine.MS_NOSUID | confine.MS_NODEV, "size=1m,mode=755")
    _furnish(root, inputs)
    confine.make_read_only(base)
    confine.raise_loopback()
    confine.mount("proc", str(root / "proc"), "proc", confine.MS_NOSUID | confine.MS_NODEV | confine.MS_NOEXEC)
    confine.change_root(base, str(root / "old"))


def readable() -> list[str]:
    """Paths that a program may read where Landlock guards the files."""
    return [*_SYSTEM, *_SETTINGS, *map(str, visible()), *(f"/dev/{name}" for name in _DEVICES), "/proc/self"]


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def enter_program(user: int, group: int, room: int, inputs: Mapping[str, str]) -> None:
    """Give a program its own user, files and processes, in its new namespaces.

    ``user``, ``group``: the server's own; ``room``: bytes of files that it may
    keep; ``inputs``: its read-only files: name in its folder to name below INPUTS_INSIDE.
    """
    confine.map_user(confine.USER, user, group)
    guard = confine.MS_NOSUID | confine.MS_NODEV
    covered = [(path, os.open(path, os.O_PATH)) for path in visible() if path.is_relative_to("/tmp")]
    confine.mount("tmpfs", "/tmp", "tmpfs", guard, f"size={room},nr_inodes=4096,mode=700")
    for path, handle in covered:  # where Python or this package lies below /tmp
        path.mkdir(parents=True) if stat.S_ISDIR(os.fstat(handle).st_mode) else _touch(path)
        confine.mount(f"/proc/self/fd/{handle}", str(path), flags=confine.MS_BIND | confine.MS_REC)
        os.close(handle)
    confine.mount("tmpfs", "/dev/shm", "tmpfs", guard, f"size={room},nr_inodes=64,mode=700")
    confine.mount("proc", "/proc", "proc", guard | confine.MS_NOEXEC)
    Path(WORK).mkdir()
    os.chdir(WORK)
    for name, held in inputs.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
        confine.mount(f"{INPUTS_INSIDE}/{held}", str(Path(name).absolute()), flags=confine.MS_BIND)
    if any(os.scandir(INPUTS_INSIDE)):
        confine.mount("tmpfs", INPUTS_INSIDE, "tmpfs", guard | confine.MS_RDONLY, "size=4k")
