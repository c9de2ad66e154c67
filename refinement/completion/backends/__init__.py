"""Who answers requests. Each backend is a module of its own, loaded by name."""

import importlib
from collections.abc import Mapping
from typing import Any

from refinement.completion.engine import Backend
from refinement.records.errors import BadInput

CLASSES = {
    "scripted": "ScriptedBackend",
    "transformers": "TransformersBackend",
    "endpoint": "EndpointBackend",
    "server": "ServerBackend",
    "replay": "ReplayBackend",
}
# What each backend reads of a role's options; a role may hold those of several.
_ASKING = {"concurrency", "requests_per_minute", "tokens_per_minute", "request_timeout", "retries", "longest_wait"}
OPTIONS = {
    "scripted": {"alpha", "beta", "syntax_rate", "errors", "noise", "flip_rate"},
    "transformers": {"max_rows", "dtype"},
    "endpoint": {"base_url", "key_variable", *_ASKING},
    "server": {"command", "gpus", "port", "startup_timeout", "health", *_ASKING},
    "replay": {"run"},
}
_NUMBERS = {"requests_per_minute", "tokens_per_minute", "longest_wait", "port", "startup_timeout", "gpus"}
_MAY_BE_NULL, _MAY_BE_ZERO = {"port", "requests_per_minute", "tokens_per_minute"}, {"gpus"}
_TEXTS = {"base_url", "key_variable", "command", "health", "run"}
_GIVEN = {"scripted": {"seed"}, "server": {"log"}, "replay": {"responses"}}  # by the step, not by a config


def _check_types(options: Mapping[str, Any]) -> None:
    for option, value in options.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        may_be = (option in _MAY_BE_NULL and value is None) or (option in _MAY_BE_ZERO and value == 0)
        if option in _NUMBERS and not may_be and not (is_number and value > 0):
            raise BadInput(f"option {option}: {value!r} must be a number above 0")
        if option in _TEXTS and not isinstance(value, str) and not (option == "key_variable" and value is None):
            raise BadInput(f"option {option}: {value!r} must be a text")


def load_backend(name: str, model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend of that name. Raises BadInput if there is none, or for an option that it does not have."""
    if name not in CLASSES:
        raise BadInput(f"--backend {name}: there is none; choose one of {', '.join(CLASSES)}")
    known = OPTIONS[name] | _GIVEN.get(name, set())
    if unknown := sorted(set(options) - known):
        raise BadInput(f"the backend {name} has no option '{unknown[0]}'; it has {', '.join(sorted(known))}")
    _check_types(options)
    return getattr(importlib.import_module(f"refinement.completion.backends.{name}"), CLASSES[name])(model, options)
