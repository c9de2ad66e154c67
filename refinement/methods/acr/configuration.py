"""What is wrong with a config of ACR that its schema cannot say."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

THE_METHOD = {"on_self_win": "replace", "on_original_win": "critique"}


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """A line for each fault: what, where, what to do."""
    first = config["variants"][0]
    if any(first[key] != value for key, value in THE_METHOD.items()):
        yield "variants[0]: the method replaces on_self_win and criticizes on_original_win; add a variant for others"
    tried, final = max(config["feedback"]["iterations"]), config["final_iteration"]
    if config["figures"].get("figure4") and tried > final:
        yield f"feedback.iterations: {tried} exceeds final_iteration {final}; raise that or lower it"
    folder = Path(config["prompts"]["evolution"])
    for name in config["instructions"]["strategies"]:
        if not (folder / f"{name}.txt").is_file():
            yield f"prompts.evolution: {folder} lacks {name}.txt; add the template, or leave the strategy out"
    if not any(config["scoring"]["weights"].values()):
        yield "scoring.weights: all weights are 0; give one a weight"
