"""Draw the training loss of each M_t of the method by update, and write the throughput of each training."""

from argparse import ArgumentParser, Namespace
from typing import Any

import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes

from refinement.records.errors import BadInput
from refinement.records.files import atomic_write, read_json
from refinement.results.figures import BLUE, add_figure_options, write_figure
from refinement.running.command_line import json_value, parser, run_step

WINDOW = 9  # points of the running mean; a log has about a hundred
SPEEDS = ("Student", "Model", "Tokens", "Seconds", "Tokens/s", "MFU (%)", "Processes", "Device")


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("logs", nargs="+", help="JSON: logs of train_model")
    options.add_argument("--entries", type=json_value, required=True, help="JSON: student and iteration of each log")
    options.add_argument("--speeds", required=True, help="CSV: the throughput, which differs from run to run")
    add_figure_options(options)
    return options


def read_losses(path: str, entry: dict[str, Any]) -> pd.DataFrame:
    """Read the loss curve of one log. Raises BadInput if the log has none."""
    losses = read_json(path).get("losses")
    if not losses:
        raise BadInput(f"{path}: no 'losses'; train the model again")
    frame = pd.DataFrame(losses)[["step", "loss"]]
    return frame.assign(**entry)[["student", "iteration", "step", "loss"]]


def read_speed(path: str, entry: dict[str, Any]) -> list[Any]:
    """A row of the throughput table. Raises BadInput if the log has no throughput."""
    found = read_json(path).get("throughput")
    if not found:
        raise BadInput(f"{path}: no 'throughput'; train the model again")
    share = "unknown" if found["mfu"] is None else f"{100 * found['mfu']:.1f}"
    measured = [found["tokens"], f"{found['seconds']:.1f}", f"{found['tokens_per_second']:.0f}", share]
    return [entry["student"], f"M_{entry['iteration']}", *measured, found["processes"], found["device"]]


def smooth(rows: pd.DataFrame) -> pd.Series:
    """The running mean of the loss."""
    return rows["loss"].rolling(WINDOW, center=True, min_periods=1).mean()


def draw_one(axis: Axes, rows: pd.DataFrame, first: pd.DataFrame) -> None:
    """Draw the loss of one model over the loss of M_0 (dashed)."""
    axis.plot(first["step"], smooth(first), color="0.35", linestyle="--", linewidth=1.0)
    axis.plot(rows["step"], rows["loss"], color=BLUE, alpha=0.3, linewidth=0.7)
    axis.plot(rows["step"], smooth(rows), color=BLUE, linewidth=1.8)


def draw(frame: pd.DataFrame, label: str) -> pyplot.Figure:
    """Draw a panel for each model, in a row for each student."""
    students, iterations = list(dict.fromkeys(frame["student"])), sorted(set(frame["iteration"]))
    figure, axes = pyplot.subplots(
        len(students), len(iterations), figsize=(max(1.55 * len(iterations), 4.5) + 0.6, 2.3 * len(students) + 0.5),
        sharex=True, sharey="row", squeeze=False,
    )  # fmt: skip
    for row, student in zip(axes, students, strict=True):
        mine = frame[frame["student"] == student]
        for axis, iteration in zip(row, iterations, strict=True):
            draw_one(axis, mine[mine["iteration"] == iteration], mine[mine["iteration"] == 0])
            axis.set_title(f"$M_{{{iteration}}}$")
            axis.set_ylim(bottom=0)
        row[0].set_ylabel(f"{student}\nloss" if len(students) > 1 else "Training loss")
    for axis in axes[-1]:
        axis.set_xlabel("Update")
    figure.suptitle(f"Training loss by update ({label})")
    figure.tight_layout()
    return figure


def main(options: Namespace) -> None:
    pairs = list(zip(options.logs, options.entries, strict=True))
    frame = pd.concat([read_losses(path, entry) for path, entry in pairs])
    with atomic_write(options.speeds) as path:
        pd.DataFrame([read_speed(*pair) for pair in pairs], columns=SPEEDS).to_csv(path, index=False)
    write_figure(frame, draw(frame, options.label), options)


if __name__ == "__main__":
    run_step(main, arguments())
