"""Where a number comes from: versions and digests that stand beside a result."""

import hashlib
import platform
from pathlib import Path

PACKAGES = ("torch", "transformers", "trl", "datasets", "evalplus", "bigcodebench", "tokenizers", "numpy", "snakemake")


def digest_files(*paths: str | Path) -> dict[str, str]:
    """SHA-256 of each file by its path."""
    digests = {}
    for path in paths:
        with open(path, "rb") as file:
            digests[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def fingerprint(model: str) -> str:
    """Digest of a model folder's files; the name itself for a model of the hub."""
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
    from importlib import metadata  # takes as long to import as numpy, which most steps that digest files need not

    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
