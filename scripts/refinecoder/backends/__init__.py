"""Who answers requests. Each backend is a module of its own, loaded by name."""

import importlib
from collections.abc import Mapping
from typing import Any

from refinecoder.batch import Backend
from refinecoder.records import BadInput

CLASSES = {"scripted": "ScriptedBackend", "transformers": "TransformersBackend"}


def load_backend(name: str, model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend of that name. Raises BadInput if there is none."""
    if name not in CLASSES:
        raise BadInput(f"--backend {name}: there is none; choose one of {', '.join(CLASSES)}")
    return getattr(importlib.import_module(f"refinecoder.backends.{name}"), CLASSES[name])(model, options)
