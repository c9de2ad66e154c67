"""Training throughput: tokens per second and model FLOPs utilization (MFU)."""

import re
from typing import Any, NamedTuple

# Dense bfloat16 FLOP/s from the vendors' data sheets; the first pattern that matches the device's name counts.
PEAK_FLOPS = (
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


class ModelShape(NamedTuple):
    """The sizes from which a model's FLOPs per token follow.

    ``weights``: parameters that take part in matrix multiplications (the embedding only
        if it is tied to the output layer).
    ``layers``: number of layers.
    ``width``: attention heads times the size of a head.
    """

    weights: int
    layers: int
    width: int


def peak_flops(device: str, precision: str) -> float | None:
    """Peak FLOP/s of a device in bfloat16; None for another precision or for a device that is not in the table."""
    if precision != "bfloat16":
        return None
    return next((peak for pattern, peak in PEAK_FLOPS if re.search(pattern, device)), None)


def flops_per_token(shape: ModelShape, length: float) -> float:
    """FLOPs to train on one token of a text of ``length`` tokens.

    6 per weight for the forward and backward pass, and 12 x layers x width x length for
    attention (Chowdhery et al. 2022, *PaLM*, appendix B). Recomputed activations do not
    count: this gives the model's utilization, not the hardware's.
    """
    return 6 * shape.weights + 12 * shape.layers * shape.width * length


def measure_throughput(
    tokens: int, seconds: float, shape: ModelShape, length: float, device: str, precision: str, processes: int
) -> dict[str, Any]:
    """Tokens per second of all processes together, and MFU between 0 and 1.

    ``seconds``: wall time of the training.
    ``length``: mean length in tokens of the text that a token stands in.

    MFU is None if the device's peak is unknown.
    """
    speed, peak = tokens / max(seconds, 1e-9), peak_flops(device, precision)
    used = speed * flops_per_token(shape, length) / (peak * processes) if peak else None
    return {
        "tokens": tokens,
        "seconds": round(seconds, 3),
        "tokens_per_second": round(speed, 1),
        "mfu": None if used is None else round(used, 4),
        "device": device,
        "processes": processes,
    }
