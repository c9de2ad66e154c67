"""Provenance of results: versions of packages, and digests of files and models."""

import hashlib
import platform
from pathlib import Path

PACKAGES = ("torch", "transformers", "trl", "datasets", "evalplus", "bigcodebench", "tokenizers", "numpy", "snakemake")


def digest_files(*paths: str | Path) -> dict[str, str]:
    """SHA-256 of each file, by path."""
    digests = {}
    for path in paths:
        with open(path, "rb") as file:
            digests[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def fingerprint(model: str) -> str:
    """Digest of the files in a model's folder; for a model on the hub, its name."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".bin", ".json", ".jinja", ".model"} and path.is_file():
            digest.update(path.name.encode())
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    from importlib import metadata  # as slow to import as numpy, and most callers of this module do not need it

    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
