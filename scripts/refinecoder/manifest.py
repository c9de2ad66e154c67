"""Where a number comes from: versions and digests that stand beside a result."""

import hashlib
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "transformers", "trl", "datasets", "tokenizers", "numpy", "snakemake")


def digest_files(*paths: str | Path) -> dict[str, str]:
    """SHA-256 of each file by its path."""
    digests = {}
    for path in paths:
        with open(path, "rb") as file:
            digests[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
