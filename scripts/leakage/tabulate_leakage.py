"""Make Table 3: the Test Leakage Indicator of data sets, with the paper's values beside ours."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from refinement.records.files import read_json, write_json
from refinement.records.manifest import digest_files, versions
from refinement.results.reference import load_reference
from refinement.results.tables import add_table_options, write_table
from refinement.running.command_line import json_value, parser, run_step

NOTE = (
    "TLI: mean over a benchmark's questions of the highest similarity (4-grams and 5-grams) of any record, times 100, "
    "padded as in the paper; unpadded, without symbols for start and end, which inflate short questions. Highest: of "
    "any question, times 100. Leaked: from the similarity {threshold} on, "
    "{stretch:.0%} of the words in a row. Read: field and questions. The paper does "
    "not say which fields and questions it reads; rows with its value alone are what it publishes of others. The TLI "
    "sees neither paraphrase nor translation."
)
COLUMNS = ("Data set", "Records", "Benchmark", "Read", "TLI", "Unpadded", "Highest", "Leaked questions",
           "Leaked records", "Naming it", "Paper's TLI")  # fmt: skip
# The paper names these benchmarks without saying which version it used.
TITLES = {"livecodebench": "LiveCodeBench", "bigcodebench": "BigCodeBench"}
Row = dict[str, Any]


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("measured", help="JSON: the output of measure_leakage")
    options.add_argument("--reference", required=True, help="YAML: the paper's published figures")
    options.add_argument(
        "--entries", type=json_value, required=True, help="JSON: the config's entries of data sets and benchmarks"
    )
    add_table_options(options)
    options.add_argument(
        "--manifest", required=True, help="JSON: where the numbers come from: inputs, their digests, versions"
    )
    return options


def published_values(reference: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Return the paper's TLI by its own names of data set and benchmark."""
    table = reference["tables"].get("table3", {"rows": {}, "columns": {}})
    return {
        (name, column): value
        for name, values in table["rows"].items()
        for column, value in zip(table["columns"], values, strict=True)
        if column != "size"
    }


def measured_rows(
    measured: Mapping[str, Any], entries: Mapping[str, Any], paper: dict[tuple[str, str], float]
) -> Iterator[Row]:
    """Make a row for each data set and benchmark that was measured; the paper's value moves from ``paper`` into it."""
    datasets, benchmarks = ({entry["name"]: entry for entry in entries[key]} for key in ("datasets", "benchmarks"))
    for found in measured["results"]:
        dataset, benchmark = datasets[found["dataset"]], benchmarks[found["benchmark"]]
        read = measured["benchmarks"][found["benchmark"]]
        yield {
            "Data set": dataset["title"],
            "Records": str(found["records"]),
            "Benchmark": benchmark["title"],
            "Read": f"{read['field']}, {read['records']}: {found['questions']}",
            "TLI": found["padded"]["tli"],
            "Unpadded": found["unpadded"]["tli"],
            "Highest": 100 * found["padded"]["max"],
            "Leaked questions": str(found["questions_leaked"]),
            "Leaked records": str(found["records_leaked"]),
            **({"Naming it": str(found["records_naming"])} if "records_naming" in found else {}),
            "Paper's TLI": paper.pop((dataset.get("published"), benchmark.get("published")), ""),
        }


def published_rows(reference: Mapping[str, Any], paper: Mapping[tuple[str, str], float]) -> Iterator[Row]:
    """Make a row for each value of the paper that was not measured here."""
    for (name, column), value in paper.items():
        size = reference["tables"]["table3"]["rows"][name][0]
        title = reference["benchmarks"].get(column, {}).get("title") or TITLES.get(column, column)
        yield {"Data set": name, "Records": size, "Benchmark": title, "Read": "the paper alone", "Paper's TLI": value}


def main(options: Namespace) -> None:
    measured, reference = read_json(options.measured), load_reference(options.reference)
    paper = published_values(reference)
    rows = [*measured_rows(measured, options.entries, paper), *published_rows(reference, paper)]
    has_mentions = any("Naming it" in row for row in rows)
    columns = [column for column in COLUMNS if has_mentions or column != "Naming it"]
    frame = pd.DataFrame(rows, columns=columns).fillna("")
    note = NOTE.format(**{key: measured["results"][0][key] for key in ("threshold", "stretch")})
    note += " Naming it: records that name the benchmark in any field." if has_mentions else ""
    title = f"Table 3: Test Leakage Indicator of data sets ({options.label})"
    write_table(frame, title, note, options.csv, options.markdown, options.latex, decimals=2)
    read = {key: measured[key] for key in ("datasets", "benchmarks")}
    inputs = digest_files(options.measured, options.reference)
    write_json(options.manifest, {"inputs": inputs, "of": read, "versions": versions()})


if __name__ == "__main__":
    run_step(main, arguments())
