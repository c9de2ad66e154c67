"""Seeds and random generators that depend only on what they are used for.

Records do not share a random stream, so results depend neither on the order of
processing nor on the number of shards.
"""

import hashlib
import random

SEED_BITS = 48


def hash_seed(*parts: object) -> int:
    """A seed in [0, 2**48) that is a function of ``parts`` alone.

    ``parts`` are usually (config seed, role, iteration, record id, sample, attempt). 48
    bits are exact in JSON readers that store numbers as doubles.
    """
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)


def keyed(*parts: object) -> random.Random:
    """A separate random generator for ``parts``."""
    return random.Random(hash_seed(*parts))
