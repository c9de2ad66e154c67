"""Backend ``transformers``: a causal language model in the step's own process."""

from collections.abc import Mapping
from typing import Any

from refinement.completion.engine import Backend
from refinement.completion.options import Option

# Rows of a forward pass, at least: a smaller batch is filled up, so that no answer depends on how few are left in it.
MIN_ROWS = 8
OPTIONS = (
    Option("max_rows", "rows of a forward pass, at most", {"type": "integer", "minimum": MIN_ROWS}, default=448),
    Option("dtype", "number format of the weights", {"enum": ["float32", "bfloat16", "float16"]}, default="float32"),
)


def load(model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend; imports torch and transformers, which takes long."""
    from refinement.completion.backends.transformers.backend import TransformersBackend

    return TransformersBackend(model, options)
