"""How many tokens a text is to whoever plays a role, as well as it can be told before asking."""

from collections.abc import Callable, Mapping
from typing import Any

LOCAL = ("server", "transformers")


def _words(text: str) -> float:
    return len(text.split())


def _by_tokenizer(model: str) -> Callable[[str], float] | None:
    """The model's own tokenizer, where it lies on this machine."""
    from transformers import AutoTokenizer  # seconds to import, and no role of the miniature needs it

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError):
        return None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def token_counter(entry: Mapping[str, Any], characters_per_token: float) -> Callable[[str], float]:
    """Tokens of a text to a role: words for the scripted, the tokenizer's where it is at hand, else by characters."""
    if entry["backend"] == "scripted":
        return _words
    own = _by_tokenizer(entry["model"]) if entry["backend"] in LOCAL and "model" in entry else None
    return own or (lambda text: len(text) / characters_per_token)
