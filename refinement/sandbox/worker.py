"""A worker: its fork servers, in the jail and outside, and their children, one program at a time."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from refinement.sandbox import jail
from refinement.sandbox.channel import Channel
from refinement.sandbox.outcome import FILE_BYTES, End

LARGEST_MESSAGE = 1 << 16  # bytes of a message that a program's process may send the harness
TEST_SECONDS = 20  # of CPU that the tests may take beyond the program's own limit
GRACE = 10.0  # seconds beyond a deadline after which a server counts as hung
_HEAVY = re.compile(r"^\s*(?:import|from)\s+(?:numpy|pandas|scipy|sklearn|matplotlib|seaborn)\b", re.MULTILINE)


class ServerDied(RuntimeError):
    """A fork server ended or does not answer; the text has its last line."""


def wall_seconds(program: dict[str, Any]) -> float:
    """Seconds by the clock after which a program is ended, whatever CPU it took."""
    return 3 * program["timeout"] + 5


class ForkServerHandle:
    """Our end of a fork server (fork_server.py): its process and its control socket.

    ``preload``: a key of the server's table of modules; ``inputs``: folder of
    the programs' read-only files. Raises ServerDied if it does not start.
    """

    def __init__(self, tier: str, role: str, preload: str, inputs: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()
        self._base = tempfile.TemporaryDirectory(prefix="jail-")
        self._process = subprocess.Popen(
            jail.command(tier, role, preload, inputs), stdin=theirs, stdout=self._errors, stderr=self._errors, cwd="/",
            env={**jail.ENVIRONMENT, jail.BASE: self._base.name, jail.INPUTS: inputs},
        )  # fmt: skip
        theirs.close()
        self._control.settimeout(60)
        self._hear()

    def _hear(self) -> dict[str, Any]:
        """The next message. Raises ServerDied."""
        try:
            body = self._control.recv(1 << 16)
        except OSError:  # a time-out is one
            body = b""
        if not body:
            self._process.kill()
            status = self._process.wait()
            self._errors.seek(0)
            text = self._errors.read()[-1000:].decode(errors="replace").strip()
            raise ServerDied(f"status {status}: {text.splitlines()[-1] if text else 'no word'}")
        return json.loads(body)

    def begin(self, request: dict[str, Any], descriptors: Sequence[int]) -> None:
        """Have a child forked that gets these descriptors. Raises ServerDied."""
        self._control.settimeout(request["wall"] + GRACE)
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], list(descriptors))
        except OSError as error:
            raise ServerDied(str(error)) from None

    def end(self, word: bytes) -> dict[str, Any]:
        """How the child ended. Raises ServerDied.

        ``word``: ``stop`` ends the child now, ``closed`` within a second; an empty one waits until it ends.
        """
        if word:
            with contextlib.suppress(OSError):  # of a dead server, which the next line finds out
                self._control.send(word)
        return self._hear()

    def close(self) -> None:
        """Hang up, on which the server and its children end."""
        self._control.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        self._base.cleanup()


class ForkedChild:
    """A child of a fork server, from its start to its end: a program, or its tests.

    ``channel``: our end of its channel; ``output``: descriptor of the file that
    takes a program's standard output. Used as a context manager.
    """

    def __init__(self, server: ForkServerHandle, channel: Channel, output: int | None) -> None:
        self._server, self.channel, self._output = server, channel, output
        self._end: End | None = None

    def end(self, ask: bool = True, closed: bool = False) -> End:
        """How the child ended. Raises ServerDied.

        ``ask``: end it now, if it has not ended; ``closed``: it has hung up, so give it a second to end by itself.
        """
        if self._end is None:
            end = self._server.end((b"closed" if closed else b"stop") if ask else b"")
            size = os.fstat(self._output).st_size if self._output is not None else 0
            self._end = End(end["by"], end["status"], round(end["seconds"], 4), size >= FILE_BYTES)
        return self._end

    def output(self) -> str:
        """What the program wrote to standard output."""
        assert self._output is not None
        return os.pread(self._output, FILE_BYTES, 0).decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()
        if not isinstance(value, ServerDied):
            self.end()
        if self._output is not None:
            os.close(self._output)


class Worker:
    """Executes one program at a time by its fork servers, each started when first needed.

    ``tier``: of jail.TIERS. Used as a context manager.
    """

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self._private = tempfile.TemporaryDirectory(prefix="inputs-")
        # A folder that any user can read, in one that only we can enter: programs reach it by the jail alone.
        self._inputs = Path(self._private.name, "files")
        self._inputs.mkdir()
        self._servers: dict[tuple[str, str], ForkServerHandle] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def restart(self) -> None:
        """End all fork servers; new ones are started when needed."""
        while self._servers:
            self._servers.popitem()[1].close()

    def close(self) -> None:
        """End all fork servers and delete the copies of the programs' inputs."""
        self.restart()
        self._private.cleanup()

    def _server(self, role: str, program: dict[str, Any]) -> ForkServerHandle:
        text = f"{program.get('preamble', '')}\n{program.get('code', '')}\n{program.get('tests', '')}"
        key = (role, "heavy" if _HEAVY.search(text) else "bare")
        if role == "tester" and program.get("oracle") == "evalplus":
            key = (role, "evalplus")
        if key not in self._servers:
            self._servers[key] = ForkServerHandle(self.tier, *key, str(self._inputs))
        return self._servers[key]

    def _place(self, path: str) -> str:
        """Name of a file among the jail's inputs, where it is copied when first needed."""
        source = Path(path).resolve()
        state = source.stat()
        key = f"{source}:{state.st_size}:{state.st_mtime_ns}"
        name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        target = self._inputs / name
        if not target.exists():
            shutil.copyfile(source, target)
            target.chmod(0o444)
        return name

    def start(
        self,
        program: dict[str, Any],
        processes: bool,
        stdin: bytes = b"",
        address_space: bool = True,
        largest: int = LARGEST_MESSAGE,
    ) -> ForkedChild:
        """A child in the jail, which awaits its job on its channel. Raises ServerDied.

        ``processes``: whether it may fork and exec; ``stdin``: its standard
        input; ``address_space``: whether memory_mb limits all addresses, or only
        private writable memory; ``largest``: bytes of a message that it may send.
        """
        server = self._server("jail", program)
        ours, theirs = socket.socketpair()
        ours.settimeout(wall_seconds(program) + GRACE)
        files = [os.memfd_create(name) for name in ("stdin", "stdout")]
        null = os.open(os.devnull, os.O_RDWR)
        os.pwrite(files[0], stdin, 0)
        request = {
            "timeout": program["timeout"], "wall": wall_seconds(program), "memory_mb": program["memory_mb"],
            "processes": processes, "address_space": address_space,
            "inputs": {name: self._place(path) for name, path in program.get("inputs", {}).items()},
        }  # fmt: skip
        try:
            server.begin(request, [theirs.fileno(), files[0], files[1], null])
        finally:
            theirs.close()
            os.close(files[0])
            os.close(null)
        return ForkedChild(server, Channel(ours, largest), files[1])

    def test(self, program: dict[str, Any], child: ForkedChild) -> ForkedChild:
        """A child outside the jail, which takes over our end of a program's channel. Raises ServerDied.

        ``child``: the program, started before.
        """
        server = self._server("tester", program)
        ours, theirs = socket.socketpair()
        wall = wall_seconds(program) + GRACE / 2
        ours.settimeout(wall + GRACE)
        request = {"timeout": program["timeout"] + TEST_SECONDS, "wall": wall, "memory_mb": program["memory_mb"]}
        server.begin(request, [child.channel.hand_over(), theirs.fileno()])
        theirs.close()
        return ForkedChild(server, Channel(ours), None)
