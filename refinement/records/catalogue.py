"""All record types, found in the packages that declare them."""

import importlib
import pkgutil

import refinement
from refinement.records.record_types import RecordType


def record_types() -> list[RecordType]:
    """All record types, ordered by package. The types of a new method are found without registration."""
    names = [
        module.name
        for module in pkgutil.walk_packages(refinement.__path__, f"{refinement.__name__}.")
        if module.name.endswith(".record_types")
    ]
    found = [vars(importlib.import_module(name)).values() for name in sorted(names)]
    return list({value.name: value for values in found for value in values if isinstance(value, RecordType)}.values())
