"""Seeds and keyed random numbers: every draw is a function of what it is for.

No stream is shared between records, so results depend neither on the order of
the work nor on the number of shards that it is split into.
"""

import hashlib
import random

SEED_BITS = 48


def hash_seed(*parts: object) -> int:
    """Seed in [0, 2**48) that is a function of ``parts`` alone.

    ``parts`` are usually (config seed, role, iteration, record id, sample,
    attempt). 48 bits survive a JSON reader that keeps numbers as doubles.
    """
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)


def keyed(*parts: object) -> random.Random:
    """Generator of its own for ``parts``."""
    return random.Random(hash_seed(*parts))
