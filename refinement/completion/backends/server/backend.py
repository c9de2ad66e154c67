"""An OpenAI-compatible server that the step starts on its own machine, and the backend that asks it.

The server starts when the first answer is needed and ends with the step, even
if the step is killed. Whether it listens on loopback alone is up to its command.
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
from types import SimpleNamespace
from typing import Any, BinaryIO

import httpx2

from refinement.completion.backends.endpoint.backend import EndpointBackend
from refinement.completion.backends.server import LAUNCH
from refinement.completion.engine import Answered
from refinement.completion.options import with_defaults
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile
from refinement.records.manifest import fingerprint
from refinement.records.record_types import Record
from refinement.running import reaper

RESTARTS = 1  # of a server that ended by itself
_LAST_LINES = 5  # of the server's output, in an error message
_INTERVAL = 0.2  # seconds between two looks at a server that is starting


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
    """Whether a port's lock file still stands under its name; the step that held the port may have removed it."""
    path = Path(claim.name)
    return path.exists() and os.path.samestat(path.stat(), os.fstat(claim.fileno()))


def claim_port(wanted: int | None) -> tuple[int, BinaryIO]:
    """A free port, and the open file whose lock keeps this user's other steps off the port.

    Raises BadInput if ``wanted`` is in use, or if no free port is found.
    """
    for _ in range(100):
        port = wanted or _any_port()
        claim = open(Path(tempfile.gettempdir()) / f"refinement-{os.getuid()}-port-{port}", "ab")  # noqa: SIM115
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(claim) and _is_free(port):
                return port, claim
        except BlockingIOError:
            pass  # another step has just claimed this port
        claim.close()
        if wanted:
            raise BadInput(f"port {wanted} is in use; free it, or leave 'port' out for a free one")
    raise BadInput("no free port was found; end some servers on this machine")


class ModelServer:
    """A process that serves one model, started and restarted on one port.

    ``options``: those of :data:`LAUNCH`. Raises BadInput if the port is in use or the command is not installed.
    """

    def __init__(self, model: str, options: Mapping[str, Any]) -> None:
        self._settings = SimpleNamespace(**with_defaults(LAUNCH, options))
        self._port, self._claim = claim_port(self._settings.port)
        self._command = [
            word.format(model=model, port=self._port, gpus=self._settings.gpus)
            for word in shlex.split(self._settings.command)
        ]
        if shutil.which(self._command[0]) is None:
            self._claim.close()
            raise BadInput(f"{self._command[0]}: no such command; install it, or change 'command'")
        self._restarts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """The address that requests go to, up to /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Start the process and wait until it is healthy. Raises BadInput, with its last lines, if it never is."""
        Path(self._settings.log).parent.mkdir(parents=True, exist_ok=True)
        with open(self._settings.log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", reaper.__file__, *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=False,  # the server inherits the locks of its GPUs: they are free once all of it has ended
            )
        deadline = time.monotonic() + self._settings.startup_timeout
        while not self._is_healthy():
            if self._process.poll() is not None:
                raise BadInput(f"the server ended before it was healthy: {self._last_lines()}")
            if time.monotonic() > deadline:
                self.stop()
                raise BadInput(
                    f"the server was not healthy after {self._settings.startup_timeout:g} s: {self._last_lines()}"
                )
            time.sleep(_INTERVAL)

    def _is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self._port}{self._settings.health}"
            return httpx2.get(url, timeout=5.0, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def revive(self) -> None:
        """Start the process again if it has ended. Raises BadInput, with its last lines, the second time."""
        if self._process is None or self._process.poll() is None:
            return
        if self._restarts == RESTARTS:
            raise BadInput(f"the server ended {RESTARTS + 1} times: {self._last_lines()}")
        self._restarts += 1
        self.start()

    def _last_lines(self) -> str:
        lines = Path(self._settings.log).read_text(encoding="utf-8", errors="replace").splitlines()
        last = " | ".join(line.strip() for line in lines[-_LAST_LINES:] if line.strip())
        return f"{last or 'it wrote nothing'} (all of its output: {self._settings.log})"

    def stop(self) -> None:
        """End the process and all that it started, and give the port back."""
        if self._process is not None:
            self._process.stdin.close()  # on which the reaper, our own child, ends the server
            try:
                self._process.wait(3 * reaper.PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not self._claim.closed:
            Path(self._claim.name).unlink(missing_ok=True)
            self._claim.close()


class ServerBackend:
    """Starts a server for each model that requests name, one at a time, and asks it.

    ``model``: for requests that name none; ``options``: those of the backends
    ``server`` and, but for the address and the key, ``endpoint``. Raises
    BadInput for a command that cannot be split or filled in.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        self._default, self._options = model, dict(options)
        try:
            words = [word.format(model="m", port=1, gpus=0) for word in shlex.split(options["command"])]
        except ValueError as fault:
            raise BadInput(f"command: {fault}; mend its quotes or braces") from None
        except (KeyError, IndexError, AttributeError) as fault:
            raise BadInput(f"command: {{model}}, {{port}} and {{gpus}} are filled in, and {fault} is not") from None
        if not words:
            raise BadInput("command: it is empty; give one with {model} and {port}")
        self._server: ModelServer | None = None
        self._served: str | None = None
        self._identities: dict[str, str] = {}

    def identify(self, request: Record) -> str:
        """The model's fingerprint and the program that serves it."""
        model = self._model_of(request)
        if model not in self._identities:
            self._identities[model] = f"server {fingerprint(model)} {self._options['command'].split()[0]}"
        return self._identities[model]

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile] | list[list[Record]]:
        """One share: a batch for each model that its requests name."""
        share = requests.share(part, parts)
        models = dict.fromkeys(self._model_of(request) for request in share)
        if len(models) <= 1:
            return [share]
        return [[request for request in share if self._model_of(request) == model] for model in models]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers in the order in which they arrive. An empty batch starts no server."""
        requests = iter(batch)
        first = next(requests, None)
        if first is None:
            return
        server = self._serve(self._model_of(first))
        endpoint = EndpointBackend(self._served, {**self._options, "base_url": server.base_url}, server.revive)

        def rest() -> Iterator[Record]:
            yield first
            yield from requests

        yield from endpoint.complete(rest())

    def _model_of(self, request: Record) -> str:
        model = request["body"].get("model", self._default)
        if model is None:
            raise BadInput(f"request {request['custom_id']} names no model, and --model was not given")
        return model

    def _serve(self, model: str) -> ModelServer:
        if self._server is None or self._served != model:
            self.close()
            self._server, self._served = ModelServer(model, self._options), model
            self._server.start()
        return self._server

    def close(self) -> None:
        """Stop the server, if there is one."""
        if self._server is not None:
            self._server.stop()
            self._server = None
