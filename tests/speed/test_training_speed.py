"""The measurement of training's throughput, tried on the smallest shape; on a GPU it is run by hand."""

import pytest

from speed.measure_training import main

pytestmark = pytest.mark.speed


def test_the_measurement_runs_with_packing_and_without(tmp_path):
    options = "--shape tiny --precision float32 --updates 5 --batch-size 8 --micro-batch 4 --max-length 1024"
    found = main([*options.split(), "--folder", str(tmp_path)])
    assert {row["device"] for row in found.values()} and all(row["tokens_per_second"] > 0 for row in found.values())
    assert found["bfd_split"]["tokens"] > 1.5 * found["none"]["tokens"], "as many updates hold more tokens"
