"""Backend ``server``: an OpenAI-compatible server that the step starts on its own machine, feeds and stops.

The server starts when the first answer is needed and ends with the step,
whatever ends the step. It listens on loopback, if its command says so.
"""

import fcntl
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import httpx2

from refinement.completion.backends.endpoint import EndpointBackend
from refinement.completion.engine import Answered
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile
from refinement.records.manifest import fingerprint
from refinement.records.record_types import Record
from refinement.running import reaper

RESTARTS = 1
_LAST_LINES = 5
_INTERVAL = 0.2  # seconds between two looks at a server that is starting


class Launch(NamedTuple):
    """Options of the backend, beside those of ``endpoint``.

    ``command``: with {model}, {port} and {gpus}; ``gpus``: how many the job
    has; ``port``: null for a free one; ``startup_timeout``: seconds until it
    must be healthy; ``health``: the path that says so; ``log``: where the
    server's own output goes.
    """

    command: str
    log: str
    gpus: int = 0
    port: int | None = None
    startup_timeout: float = 1800.0
    health: str = "/health"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_same(claim: BinaryIO) -> bool:
    """Whether an open file still has its name; a claim that was given back has lost it."""
    path = Path(claim.name)
    return path.exists() and os.path.samestat(path.stat(), os.fstat(claim.fileno()))


def claim_port(wanted: int | None) -> tuple[int, BinaryIO]:
    """A free port and the file whose lock keeps other steps of this user off it.

    Raises BadInput if ``wanted`` is taken.
    """
    for _ in range(100):
        port = wanted or _any_port()
        claim = open(Path(tempfile.gettempdir()) / f"refinement-{os.getuid()}-port-{port}", "ab")  # noqa: SIM115
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(claim) and _is_free(port):
                return port, claim
        except BlockingIOError:
            pass  # another step's server starts there just now
        claim.close()
        if wanted:
            raise BadInput(f"port {wanted} is in use; free it, or leave 'port' out for a free one")
    raise BadInput("no free port was found; end some servers on this machine")


class Server:
    """One server process, started and restarted on one port."""

    def __init__(self, model: str, launch: Launch) -> None:
        self._launch = launch
        self._port, self._claim = claim_port(launch.port)
        self._command = [
            word.format(model=model, port=self._port, gpus=launch.gpus) for word in shlex.split(launch.command)
        ]
        if shutil.which(self._command[0]) is None:
            self._claim.close()
            raise BadInput(f"{self._command[0]}: no such command; install it, or change 'command'")
        self._restarts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Start it and wait until it is healthy. Raises BadInput, with its last lines, if it never is."""
        Path(self._launch.log).parent.mkdir(parents=True, exist_ok=True)
        with open(self._launch.log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", reaper.__file__, *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=False,  # the locks of its GPUs, so that they are free when all of the server is gone
            )
        deadline = time.monotonic() + self._launch.startup_timeout
        while not self._is_healthy():
            if self._process.poll() is not None:
                raise BadInput(f"the server ended before it was healthy: {self._last_lines()}")
            if time.monotonic() > deadline:
                self.stop()
                raise BadInput(
                    f"the server was not healthy after {self._launch.startup_timeout:g} s: {self._last_lines()}"
                )
            time.sleep(_INTERVAL)

    def _is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self._port}{self._launch.health}"
            return httpx2.get(url, timeout=5.0, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def look(self) -> None:
        """Start it again if it is gone, once. Raises BadInput, with its last lines, after that."""
        if self._process is None or self._process.poll() is None:
            return
        if self._restarts == RESTARTS:
            raise BadInput(f"the server ended {RESTARTS + 1} times: {self._last_lines()}")
        self._restarts += 1
        self.start()

    def _last_lines(self) -> str:
        lines = Path(self._launch.log).read_text(encoding="utf-8", errors="replace").splitlines()
        told = " | ".join(line.strip() for line in lines[-_LAST_LINES:] if line.strip())
        return f"{told or 'it wrote nothing'} (all of it: {self._launch.log})"

    def stop(self) -> None:
        """End it and all that it started."""
        if self._process is not None:
            self._process.stdin.close()  # the guardian ends the rest
            try:
                self._process.wait(3 * reaper.PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not self._claim.closed:
            Path(self._claim.name).unlink(missing_ok=True)
            self._claim.close()


class ServerBackend:
    """Answers by a server of its own; a request may name its model, and gets a server with that one.

    ``options``: see :class:`Launch` and the endpoint's settings.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        self._default, self._options = model, dict(options)
        if not options.get("command"):
            raise BadInput("the server backend has no 'command'; give one with {model} and {port}")
        self._launch = Launch(**{name: value for name, value in options.items() if name in Launch._fields})
        try:
            words = [word.format(model="m", port=1, gpus=0) for word in shlex.split(self._launch.command)]
        except ValueError as fault:
            raise BadInput(f"command: {fault}; mend its quotes or braces") from None
        except (KeyError, IndexError, AttributeError) as fault:
            raise BadInput(f"command: {{model}}, {{port}} and {{gpus}} are filled in, and {fault} is not") from None
        if not words:
            raise BadInput("the server backend has no 'command'; give one with {model} and {port}")
        self._server: Server | None = None
        self._served: str | None = None
        self._identities: dict[str, str] = {}

    def identify(self, request: Record) -> str:
        """The model's fingerprint and the program that serves it."""
        model = self._model_of(request)
        if model not in self._identities:
            self._identities[model] = f"server {fingerprint(model)} {self._launch.command.split()[0]}"
        return self._identities[model]

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile] | list[list[Record]]:
        """One share, by the models that it names."""
        share = requests.share(part, parts)
        models = dict.fromkeys(self._model_of(request) for request in share)
        if len(models) <= 1:
            return [share]
        return [[request for request in share if self._model_of(request) == model] for model in models]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers as they come; nothing is started for an empty batch."""
        requests = iter(batch)
        first = next(requests, None)
        if first is None:
            return
        server = self._serve(self._model_of(first))
        endpoint = EndpointBackend(self._served, {**self._options, "base_url": server.base_url}, server.look)

        def rest() -> Iterator[Record]:
            yield first
            yield from requests

        yield from endpoint.complete(rest())

    def _model_of(self, request: Record) -> str:
        model = request["body"].get("model", self._default)
        if model is None:
            raise BadInput(f"request {request['custom_id']} names no model, and --model was not given")
        return model

    def _serve(self, model: str) -> Server:
        if self._server is None or self._served != model:
            self.close()
            self._server, self._served = Server(model, self._launch), model
            self._server.start()
        return self._server

    def close(self) -> None:
        """Stop the server, if one runs."""
        if self._server is not None:
            self._server.stop()
            self._server = None
