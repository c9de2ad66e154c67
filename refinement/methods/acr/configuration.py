"""Checks of an ACR config that its schema cannot express."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

THE_METHOD = {"on_self_win": "replace", "on_original_win": "critique"}


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Find the faults of a config; each is one line that names the place, the fault and the remedy."""
    first = config["variants"][0]
    if any(first[key] != value for key, value in THE_METHOD.items()):
        yield (
            "variants[0]: the method itself needs on_self_win: replace and on_original_win: critique; "
            "set these, and add a variant for other values"
        )
    tried, final = max(config["feedback"]["iterations"]), config["final_iteration"]
    if config["figures"].get("figure4") and tried > final:
        yield f"feedback.iterations: {tried} exceeds final_iteration {final}; lower it, or raise final_iteration"
    folder = Path(config["prompts"]["evolution"])
    for name in config["instructions"]["strategies"]:
        if not (folder / f"{name}.txt").is_file():
            yield f"prompts.evolution: {folder} lacks {name}.txt; add the template, or leave the strategy out"
    if not any(config["scoring"]["weights"].values()):
        yield "scoring.weights: all weights are 0; set at least one above 0"
