"""What a measure of leakage found, as JSON: indicators, distributions, and the nearest records with what they share."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from refinecoder.leakage import BINS, Measure, histogram, shared_grams

SHOWN = 40  # shared grams listed for each pair; their number is exact


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


def describe(measure: Measure, dataset: str) -> list[dict[str, Any]]:
    """One entry a benchmark.

    ``tli`` is the mean times 100; ``leak`` and similarities lie in [0, 1].
    Records are counted from 1, in the order in which they were read;
    questions of ``top`` from 0, in the benchmark's order.
    """
    padded, unpadded, entries = measure.leak(), measure.leak(padded=False), []
    for place, (low, high) in enumerate(pairwise(measure.index.bounds.tolist())):
        top, own = measure.likest[place], padded[low:high]
        entries.append(
            {
                "dataset": dataset,
                "benchmark": measure.index.benchmarks[place].name,
                "records": measure.records,
                "questions": high - low,
                "k": measure.k,
                "padded": _indicator(own),
                "unpadded": _indicator(unpadded[low:high]),
                **measure.counting._asdict(),
                "questions_leaked": int(measure.questions_leaked[low:high].sum()),
                "records_leaked": int(measure.records_leaked[place]),
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
