"""Backend ``endpoint``: any server that speaks OpenAI's protocol."""

from collections.abc import Mapping
from typing import Any

from refinement.completion.engine import Backend
from refinement.completion.options import COUNT, POSITIVE, Option

# How requests are sent, whoever started the server.
SENDING = (
    Option("concurrency", "requests in flight", COUNT, default=32, has_argument=True, decides=False),
    Option("requests_per_minute", "requests sent, at most", POSITIVE, absent="no limit", decides=False),
    Option(
        "tokens_per_minute",
        "tokens of prompts and of longest answers, at most",
        POSITIVE,
        absent="no limit",
        decides=False,
    ),
    Option(
        "request_timeout",
        "seconds until a request is given up and tried again",
        POSITIVE,
        default=600.0,
        decides=False,
    ),
    Option(
        "retries",
        "how often a fault that can pass is tried again",
        {"type": "integer", "minimum": 0},
        default=12,
        decides=False,
    ),
    Option(
        "longest_wait",
        "seconds between two tries, at most, beside what the server asks for",
        POSITIVE,
        default=20.0,
        decides=False,
    ),
)
OPTIONS = (
    Option(
        "base_url",
        "where the server answers, mostly up to /v1",
        {"type": "string", "pattern": "^https?://"},
        required=True,
        has_argument=True,
        decides=False,
    ),
    Option(
        "key_variable",
        "name of the environment variable that holds the key; null for a server that asks for none",
        {"type": ["string", "null"], "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        has_argument=True,
        decides=False,
    ),
    *SENDING,
)


def load(model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend; imports the client, which takes long."""
    from refinement.completion.backends.endpoint.backend import EndpointBackend

    return EndpointBackend(model, options)
