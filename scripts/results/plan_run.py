"""Plan the requests, tokens, cost and time of a run; with --actual, compare the plan with what the run has used.

The numbers of requests follow from the config. The config's `plan` assumes the lengths of texts, the shares and the
speed; --measured takes lengths and speed from an earlier run instead.
"""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.tokens import token_counter
from refinement.methods.acr.record_types import SNIPPET
from refinement.records.errors import BadInput
from refinement.records.files import load_records
from refinement.results.page import read_text
from refinement.results.plan import HOUR, Measured, Row, group_by_stage, make_plan, measure
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import json_value, parser, run_step

COUNTED = ["Requests", "Tokens in", "Tokens out"]


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--method", required=True, help="name of the method")
    options.add_argument("--settings", type=json_value, required=True, help="JSON: settings of the run")
    options.add_argument("--templates", type=json_value, required=True, help="JSON: prompt template files, by name")
    options.add_argument("--snippets", help="JSONL: the harvested snippets; without them, snippets.size is planned")
    options.add_argument(
        "--measured", nargs="*", default=[], help="folders of an earlier run, to take lengths and speed from"
    )
    options.add_argument("--actual", nargs="*", default=[], help="folders of this run, to compare with the plan")
    add_table_options(options)
    return options


def read_templates(paths: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Read the texts of the prompt templates, by name."""
    return {name: [read_text(path) for path in several] for name, several in paths.items()}


def planner(options: Namespace, settings: Mapping[str, Any]) -> Any:
    """Make the method's planner, with a token counter for each role. Raises BadInput if the method has no planner."""
    per_token = settings["plan"]["characters_per_token"]
    counters = {role: token_counter(entry, per_token) for role, entry in settings["roles"].items()}
    try:
        module = importlib.import_module(f"refinement.methods.{options.method}.plan")
    except ModuleNotFoundError:
        raise BadInput(f"--method {options.method}: this method has no plan; choose another method") from None
    return module.Planner(settings, read_templates(options.templates), lambda role, text: counters[role](text))


def counted(settings: Mapping[str, Any], snippets: str | None) -> dict[str, Any]:
    """The settings, with files of snippets and problems replaced by their numbers of records.

    Raises BadInput if the number of snippets is unknown.
    """
    found = len(load_records(snippets, SNIPPET)) if snippets else settings["snippets"]
    if not found:
        raise BadInput("snippets.size: needed for a plan, since the size of a data set on the hub is unknown; set it")
    solved = [
        {**entry, "problems": len(load_records(entry["problems"], PROBLEM))}
        if isinstance(entry["problems"], str)
        else entry
        for entry in settings["solved"]
    ]
    return {**settings, "snippets": found, "solved": solved}


def planned(rows: Sequence[Row]) -> pd.DataFrame:
    """The plan as a table with totals in the last row; requests and tokens of training do not count in the totals."""
    frame = pd.DataFrame(rows, columns=["Stage", "Role", "Model", *COUNTED, "USD", "Hours", "GPU hours", "Lengths"])
    frame["USD"] = frame["USD"].astype(float)
    asked = frame[frame["Role"] != "training"]
    totals = {**asked[COUNTED].sum(), **frame[["USD", "Hours", "GPU hours"]].sum()}
    frame.loc[len(frame)] = {"Stage": "Total", "Role": "", "Model": "", **totals, "Lengths": ""}
    return frame.astype(dict.fromkeys(COUNTED, int))


def compared(frame: pd.DataFrame, actual: Sequence[Measured]) -> pd.DataFrame:
    """The plan beside the measured numbers; a cell is empty if runs do not count the quantity."""
    found = pd.DataFrame([[*known.usage, known.seconds / HOUR] for known in actual], columns=[*COUNTED, "Hours"])
    found.loc[len(found)] = found.sum()
    found = found.astype({**dict.fromkeys(COUNTED, int), "Hours": float})
    table = frame[["Stage", "Role", "Model"]].copy()
    for name in (*COUNTED, "Hours"):
        table[f"{name}, planned"] = frame[name]
        table[name] = found[name] if name == "Hours" else found[name].astype(object).mask(frame["Role"] == "training")
    return table


def note(frame: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """The table's note: what the numbers include, and which prices are missing."""
    unpriced = sorted(set(frame.loc[frame["USD"].isna(), "Model"]))
    missing = (
        f" No price for {', '.join(unpriced)}: add it to plan.prices; the total leaves it out." if unpriced else ""
    )
    runs = f" Sums over {settings['seeds']} seeds." if settings["seeds"] > 1 else ""
    return (
        "Requests include further attempts; hours are those of jobs, one after another, without runs of programs. "
        "Prices and rates are the config's (plan)." + runs + missing
    )


def main(options: Namespace) -> None:
    settings = counted(options.settings, options.snippets)
    works = list(planner(options, settings).works())
    frame = planned(make_plan(settings, works, options.measured))
    if options.actual:
        actual = [measure(options.actual, group) for group in group_by_stage(works).values()]
        write(options, compared(frame, actual), "Plan and what came of it", note(frame, settings))
    else:
        write(options, frame, "Plan", note(frame, settings))


def write(options: Namespace, frame: pd.DataFrame, title: str, text: str) -> None:
    """Write the table in all formats; an unknown price is an empty cell."""
    shown = frame.round(3).astype(object).where(frame.notna(), "")
    write_table(shown, f"{title} ({options.label})", text, options.csv, options.markdown, options.latex, decimals=3)


if __name__ == "__main__":
    run_step(main, arguments())
