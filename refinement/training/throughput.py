"""How fast a model is trained: tokens a second, and the share of a GPU's arithmetic that the model makes use of."""

import re
from typing import Any, NamedTuple

# Dense bfloat16 operations a second, from the makers' data sheets; the first pattern found in the device's name counts.
PEAKS = (
    (r"B200", 2.25e15),
    (r"H200|H100 (80GB HBM3|SXM)|GH200", 9.895e14),
    (r"H100 NVL", 8.355e14),
    (r"H100", 7.56e14),
    (r"H800", 9.895e14),
    (r"A100|A800", 3.12e14),
    (r"L40S", 3.62e14),
    (r"L40\b", 1.81e14),
    (r"L4\b", 1.21e14),
    (r"A40\b", 1.497e14),
    (r"A30\b", 1.65e14),
    (r"A10G", 7.0e13),
    (r"A10\b", 1.25e14),
    (r"RTX A6000", 1.548e14),
    (r"RTX 4090", 1.652e14),
    (r"RTX 3090", 7.1e13),
)


class Shape(NamedTuple):
    """Sizes that a model's arithmetic follows from.

    ``weights``: parameters that multiply (the embedding does only where it is
    the output's too); ``layers``; ``width``: of attention, heads x their size.
    """

    weights: int
    layers: int
    width: int


def find_peak(device: str, precision: str) -> float | None:
    """Operations a second of a device at most; None where it is not in the table, or does not compute in bfloat16."""
    if precision != "bfloat16":
        return None
    return next((peak for pattern, peak in PEAKS if re.search(pattern, device)), None)


def operations_a_token(shape: Shape, length: float) -> float:
    """Floating-point operations to train on one token of a text of ``length`` tokens.

    6 a weight, forward and backward, and 12 x layers x width x length for
    attention (Chowdhery et al. 2022, *PaLM*, appendix B), recomputation left
    out: MFU, not hardware utilisation.
    """
    return 6 * shape.weights + 12 * shape.layers * shape.width * length


def measure(
    tokens: int, seconds: float, shape: Shape, length: float, device: str, precision: str, processes: int
) -> dict[str, Any]:
    """Tokens a second of all processes together, and MFU as a share (None where the peak is unknown)."""
    speed, peak = tokens / max(seconds, 1e-9), find_peak(device, precision)
    used = speed * operations_a_token(shape, length) / (peak * processes) if peak else None
    return {
        "tokens": tokens,
        "seconds": round(seconds, 3),
        "tokens_per_second": round(speed, 1),
        "mfu": None if used is None else round(used, 4),
        "device": device,
        "processes": processes,
    }
