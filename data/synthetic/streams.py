"""Random streams: one per (seed, purpose, chunk), so that no result depends on who works on which chunk, or when."""

from __future__ import annotations

import numpy as np

CHUNK = 2_000  # rows per chunk; part of the definition of the data: changing it changes every file
PURPOSES = ("levels", "attributes", "answers", "passports", "employers", "vacancies")


def stream(seed: int, purpose: str, chunk: int) -> np.random.Generator:
    """Return the random stream of one chunk for one purpose (one of PURPOSES)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSES.index(purpose), chunk])))


def chunks(total: int) -> list[tuple[int, int]]:
    """Return (chunk number, rows) for a total; every chunk but the last has CHUNK rows."""
    return [(number, min(CHUNK, total - number * CHUNK)) for number in range(-(-total // CHUNK))]
