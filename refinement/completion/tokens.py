"""How many tokens a text has for the backend that plays a role, as well as can be told before it is asked."""

from collections.abc import Callable, Mapping
from typing import Any

LOCAL = ("server", "transformers")  # backends whose model, and so whose tokenizer, may lie on this machine


def _words(text: str) -> float:
    return len(text.split())


def _by_tokenizer(model: str) -> Callable[[str], float] | None:
    """Counts tokens by the model's own tokenizer; None where that does not lie on this machine."""
    from transformers import AutoTokenizer  # takes seconds, and no role of the miniature needs it

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError):
        return None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def token_counter(entry: Mapping[str, Any], characters_per_token: float) -> Callable[[str], float]:
    """A function that counts the tokens of a text for a role.

    It counts words for the scripted backend, tokens by the model's tokenizer
    where that is at hand, and else divides characters by ``characters_per_token``.
    ``entry``: the role's in the config.
    """
    if entry["backend"] == "scripted":
        return _words
    own = _by_tokenizer(entry["model"]) if entry["backend"] in LOCAL and "model" in entry else None
    return own or (lambda text: len(text) / characters_per_token)
