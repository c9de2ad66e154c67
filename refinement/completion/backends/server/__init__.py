"""Backend ``server``: an OpenAI-compatible server that the step starts on its own machine."""

from collections.abc import Mapping
from typing import Any

from refinement.completion.backends.endpoint import SENDING
from refinement.completion.engine import Backend
from refinement.completion.options import POSITIVE, STEP, Option

LAUNCH = (
    Option(
        "command",
        "what starts it, with {model}, {port} and {gpus}; it should listen on 127.0.0.1",
        {"type": "string", "minLength": 1},
        required=True,
        has_argument=True,
    ),
    Option("gpus", "GPUs of its job, for {gpus}", {"type": "integer", "minimum": 0}, default=0, decides=False),
    Option(
        "port",
        "its port; null for a free one",
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "null"}]},
        decides=False,
    ),
    Option("startup_timeout", "seconds until it must be healthy", POSITIVE, default=1800.0, decides=False),
    Option(
        "health",
        "the path that answers 200 when it is ready",
        {"type": "string", "pattern": "^/"},
        default="/health",
        decides=False,
    ),
    Option("log", "file that takes its output", {"type": "string"}, absent="{output}.server.log", giver=STEP),
)
OPTIONS = (*LAUNCH, *SENDING)


def load(model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend; imports the client, which takes long."""
    from refinement.completion.backends.server.backend import ServerBackend

    return ServerBackend(model, options)
