"""Vacancies as the kernels read them: asked skills with rounded-up weights, rows of bits to look at, places."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from matching import _layout as layout
from matching._blocks import Asks
from matching._checks import Bool, Float32, Int8, Int32, Int64
from matching.fit import LEVEL_OF_BAND, expected_ramp
from matching.formal import Requirements
from matching.gates import _on_unit_sphere
from matching.problem import BANDS, Vacancies

STEPS_OF_EASE = 32
UP_TO_THE_MIDDLE = 0.5  # of the entries: the heavier half
MOST_SKILLS = 10_000  # beyond this there is nothing left of 16 bits to round up to


def asks(
    vacancies: Vacancies, requirements: Requirements | None, levels: int, rows: Int64, *, easy_first: bool = False
) -> tuple[Asks, float]:
    """Return the vacancies of the given rows, neighbours together, and what a fit is in units of their bounds.

    With `easy_first`, those that most people cover well come first, roughly: lists of people then fill with the best.

    A bound is n + sum of floor(255ths * weight / 256) over n asked skills, with weights of ceil(scale * importance),
    scale = 65535 - 3 * the largest n. As importances sum to 1 that stays below 65535: it never overflows 16 bits, nor
    reaches NEVER. It is at least 255 / 256 * scale * fit, taking off for the fit what rounding may have added to it.
    """
    if requirements is None:
        requirements = Requirements(size=len(vacancies), remote=np.ones(len(vacancies), np.bool_))
    if len(rows) > 1:
        rows = rows[_neighbours(requirements.location[rows], requirements.remote[rows])]
    if easy_first:
        rows = rows[_easiest(vacancies.band[rows], vacancies.importance[rows])]
    formal = SimpleNamespace(**{name: column[rows] for name, column in requirements.columns().items()})
    placeless = np.isnan(formal.location[:, 0]) & ~formal.remote
    gate_firsts, gates = _gates(formal, levels)
    skills, scale = _skills(vacancies.band[rows], vacancies.importance[rows])
    result = Asks(
        **skills,
        gate_firsts=gate_firsts,
        gates=gates,
        places=np.ascontiguousarray(_on_unit_sphere(formal.location).T),
        everywhere=formal.remote | placeless,
        placeless=placeless,
        certificates=formal.certificates,
        levels=formal.levels if formal.levels.shape[1] else np.zeros((len(rows), levels), np.int8),
        hours=formal.hours,
        keys=vacancies.keys[rows],
        rows=rows.astype(np.int32),
    )
    return result, scale


def _skills(band: Int8, importance: Float32) -> tuple[dict[str, Any], float]:
    """Return the columns of Asks about skills, and the scale; see `asks`."""
    asked = np.flatnonzero(band != 0)
    jobs, skills = np.divmod(asked, band.shape[1])
    counts = np.bincount(jobs, minlength=len(band))
    firsts, shares, most = _firsts(counts), importance.ravel()[asked], int(counts.max(initial=1))
    columns = (skills * BANDS + band.ravel()[asked] - 1).astype(np.int32)
    heaviest = np.argsort((jobs << 32) - shares.view(np.int32))  # bits of numbers from 0 on rise as the numbers do
    units = 65535 - 3 * most
    weights = np.ceil(shares[heaviest].astype(np.float64) * units).astype(np.uint16)
    middles = firsts[:-1] + (counts * UP_TO_THE_MIDDLE).astype(np.int64)
    found = {
        "firsts": firsts,
        "columns": columns,
        "importance": shares,
        "heavy": columns[heaviest],
        "weights": weights,
        "middles": middles,
        "rests": _sums(weights.astype(np.int64) * 255 >> 8, middles, firsts[1:]).astype(np.uint16),
    }
    return found, units * (255.0 / 256.0) * (1.0 - (most + 4) * 2.0**-23)


def _neighbours(location: Float32, remote: Bool) -> Int64:
    return layout.by_place(location, np.where(remote, np.float32(np.nan), np.float32(0.0)))


def _easiest(band: Int8, importance: Float32) -> Int64:
    """Return the order from vacancies that somebody in the middle covers to those they do not, in steps."""
    covered = np.concatenate([[0.0], expected_ramp(0.0, 1.0, LEVEL_OF_BAND)]).astype(np.float32)
    share = np.einsum("vs,vs->v", covered[band], importance)
    order: Int64 = np.argsort(np.floor(share * -STEPS_OF_EASE), kind="stable")
    return order


def _sums(values: Int64, firsts: Int64, lasts: Int64) -> Int64:
    """Return the sums of values[first:last]."""
    total: Int64 = np.concatenate([[0], np.cumsum(values)])
    sums: Int64 = total[lasts] - total[firsts]
    return sums


def _firsts(counts: Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _gates(formal: SimpleNamespace, levels: int) -> tuple[Int64, Int32]:
    """Return where each vacancy's rows of the planes start, and the rows: everybody, and what is asked."""
    size = len(formal.sector)
    asked = [(np.arange(size), layout.EVERYBODY), *_asked(formal, levels)]
    pairs = np.concatenate([jobs << 32 | rows for jobs, rows in asked])
    pairs.sort()
    return _firsts(np.bincount(pairs >> 32, minlength=size)), (pairs & 0xFFFFFFFF).astype(np.int32)


def _asked(formal: SimpleNamespace, levels: int) -> Iterator[tuple[Int64, Int64 | int]]:
    """Yield, gate by gate, vacancies and the row each of them, or all of them, need."""
    for asked, first in (
        (formal.certificates, layout.CERTIFICATES),
        (formal.demands, layout.DEMANDS),
        (formal.sector, layout.SECTORS),
    ):
        anybody = int(np.bitwise_or.reduce(asked))
        while anybody:
            bit = anybody & -anybody
            anybody ^= bit
            yield np.flatnonzero(asked & asked.dtype.type(bit)), first + bit.bit_length() - 1
    for column, level in enumerate(formal.levels.T[:levels]):
        jobs = np.flatnonzero(level > 0)
        yield jobs, level[jobs] + np.int64(layout.FIRST_LEVEL - 1 + column * layout.LEVELS)
    lowest, highest = formal.hours.T
    jobs = np.flatnonzero(highest <= layout.HOURS[-1])
    yield jobs, layout.LEAST_HOURS + layout.HOURS.searchsorted(highest[jobs])
    jobs = np.flatnonzero(lowest >= layout.HOURS[0])
    yield jobs, layout.MOST_HOURS - 1 + layout.HOURS.searchsorted(lowest[jobs], side="right")
