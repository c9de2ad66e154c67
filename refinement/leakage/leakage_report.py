"""Turn a measurement of leakage into JSON: indicators, distributions, and the nearest records with shared grams."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from refinement.leakage.definition import shared_grams
from refinement.leakage.measure import BINS, Measure, histogram

SHOWN = 40  # shared grams listed for each pair; the number beside the list counts all of them


def _indicator(leak: np.ndarray) -> dict[str, float]:
    return {"tli": 100 * float(leak.mean()), "mean": float(leak.mean()), "max": float(leak.max())}


def _questions(measure: Measure, place: int, padded: np.ndarray, unpadded: np.ndarray) -> Iterator[dict[str, Any]]:
    benchmark, first = measure.index.benchmarks[place], int(measure.index.bounds[place])
    for number, (name, question) in enumerate(zip(benchmark.ids, benchmark.questions, strict=True)):
        nearest = []
        for record, similarity in measure.nearest(first + number):
            grams = shared_grams(question, measure.texts[record])
            found = {"record": record + 1, "similarity": similarity, "shared": len(grams), "grams": grams[:SHOWN]}
            nearest.append({**found, "text": measure.texts[record][:2000]})
        yield {
            "id": name,
            "grams": int(measure.index.padded.sizes[first + number]),
            "leak": float(padded[number]),
            "leak_unpadded": float(unpadded[number]),
            "nearest": nearest,
        }


def describe(measure: Measure, dataset: str, naming: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
    """Describe what was measured of a data set, in one entry for each benchmark.

    ``naming``: the records that name each benchmark; a benchmark is absent if
    nobody looked for its name. An entry is ``flagged`` if some record counts as
    leaked or names the benchmark. ``tli`` is the mean times 100; ``leak`` and
    similarities lie in [0, 1]. Records are counted from 1, in the order in which
    they were read; questions of ``top`` from 0, in the benchmark's order.
    """
    # Only the first of them are listed: the report must not grow with the data.
    named = {
        name: {"records_naming": len(found), "first_naming": list(found[:SHOWN])} for name, found in naming.items()
    }
    padded, unpadded, entries = measure.leak(), measure.leak(padded=False), []
    for place, (low, high) in enumerate(pairwise(measure.index.bounds.tolist())):
        top, own, name = measure.top_records[place], padded[low:high], measure.index.benchmarks[place].name
        leaked = int(measure.records_leaked[place])
        entries.append(
            {
                "dataset": dataset,
                "benchmark": name,
                "records": measure.records,
                "questions": high - low,
                "k": measure.k,
                "padded": _indicator(own),
                "unpadded": _indicator(unpadded[low:high]),
                **measure.criterion._asdict(),
                "questions_leaked": int(measure.questions_leaked[low:high].sum()),
                "records_leaked": leaked,
                **named.get(name, {}),
                "flagged": leaked > 0 or bool(naming.get(name)),
                "distribution": {
                    "edges": [step / BINS for step in range(BINS + 1)],
                    "questions": histogram(own).tolist(),
                    "records": measure.histogram[place].tolist(),
                },
                "top": [
                    {"record": record + 1, "question": question - low, "similarity": similarity, "leaked": leaked}
                    for similarity, record, question, leaked in zip(*(part.tolist() for part in top), strict=True)
                ],
                "per_question": list(_questions(measure, place, own, unpadded[low:high])),
            }
        )
    return entries
