"""Compute the mean and the standard deviation over seeds of every number in the tables and figures."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from refinement.records.errors import BadInput
from refinement.results.tables import NOT_RUN, add_table_options, write_table
from refinement.running.command_line import parser, run_step

KEYS = (  # columns that say what a row is about
    "Model",
    "Data set",
    "Measure",
    "Student",
    "Iteration",
    "Benchmark",
    "student",
    "variant",
    "benchmark",
    "iteration",
    "feedback",
)
LEFT_OUT = (  # columns with numbers that need no statistics over seeds
    "Records",
    "Read",
    "Paper's TLI",
    "Published",
    "Problems",
    "problems",
    "Samples",
    "records",
    "low",
    "high",
    "95% low",
    "95% high",
)


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "data", nargs="+", help="CSV: the data of each table and figure, one by one, all seeds of each"
    )
    options.add_argument("--seeds", type=int, nargs="+", required=True, help="the seeds")
    add_table_options(options)
    return options


def tidy(path: str, seed: int) -> pd.DataFrame:
    """Reshape the data of a table or figure to one row for each number, with its row, its column and its value."""
    frame = pd.read_csv(path, na_values=[NOT_RUN])
    keys = [name for name in KEYS if name in frame]
    values = [name for name in frame if name not in (*KEYS, *LEFT_OUT) and not name.endswith(" 95%")]
    frame["Row"] = frame[keys].astype(str).agg(", ".join, axis=1)
    long = frame.melt(id_vars=["Row"], value_vars=values, var_name="Number", value_name="value")
    return long.assign(Result=Path(path).stem, seed=seed)


def summarize(data: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """The mean, the sample standard deviation and the values by seed of every number."""
    frame = pd.concat([tidy(path, seeds[index % len(seeds)]) for index, path in enumerate(data)])
    wide = frame.pivot_table(index=["Result", "Row", "Number"], columns="seed", values="value", sort=False)
    return pd.DataFrame(
        {
            "Mean": wide.mean(axis=1),
            "SD": wide.std(axis=1, ddof=1),
            "Seeds": wide.notna().sum(axis=1),
            **{f"Seed {seed}": wide[seed] for seed in seeds},
        }
    ).reset_index()


def main(options: Namespace) -> None:
    if len(options.data) % len(options.seeds):
        raise BadInput(f"{len(options.data)} files for {len(options.seeds)} seeds; give the same number for each seed")
    frame = summarize(options.data, options.seeds)
    note = "SD: sample standard deviation over seeds, in the number's own unit (percent or points)."
    title = f"Over {len(options.seeds)} seeds ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex)


if __name__ == "__main__":
    run_step(main, arguments())
