"""The tables the kernels read and write, as plain tuples of arrays: people in blocks, vacancies in a row, best lists.

A block is a few thousand people who live near each other, a word 64 of them, a lane one. Kernels get every array
writeable and C-ordered, always of the types below, so that each is compiled once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching._checks import Bits, Bool, Float32, Float64, Int8, Int32, Int64, UInt8

UInt16 = NDArray[np.uint16]

LANES = 64  # people in a word
NO_FIT = np.float32(-1.0)  # sorts below every fit
REFUSED = np.float32(-np.inf)  # sorts below everything; also marks an empty place
NEVER = 65535  # a limit no bound reaches


class Blocks(NamedTuple):
    """Hold people; B blocks of W words, that is L = 64 W lanes; R = skills x 5 requirements.

    fits: (B, L, R), the expected ramp of every skill at every band: what fits are summed from.
    bounds: (B, R, L), the same in 255ths, rounded up.
    planes: (B, rows, W), one bit a lane: may be considered by who asks that row's question; row 0 is everybody.
    reach: (B, 1 + W, 4), of the block and of each word: a point, and the squared chord from there beyond which nobody
        can be reached.
    places: (B, L, 4): point on the unit sphere, longest squared chord; NaN unknown.
    certificates (B, L), levels (B, L, n), hours (B, L, 2): as in Attributes.
    keys: (B, L), hashes of the ids.
    rows: (B, L), row numbers.
    """

    fits: Float32
    bounds: UInt8
    planes: Bits
    reach: Float64
    places: Float64
    certificates: Bits
    levels: Int8
    hours: Float32
    keys: Bits
    rows: Int32


class Asks(NamedTuple):
    """Hold V vacancies; those near each other stand together.

    firsts: (V + 1,), where each one's entries in the next four start: its asked skills.
    columns, importance: requirement, skill * 5 + band - 1, and as in Vacancies; in the order of skills.
    heavy, weights: the same by falling importance, which is rounded up.
    middles, rests: (V,), the entry where to look whether anybody can still reach a limit; what may yet be added there.
    gate_firsts: (V + 1,), where each one's entries in `gates` start: rows of Blocks.planes, all of which must be set.
    places: (V, 3), point on the unit sphere. everywhere: (V,), distance refuses nobody.
    placeless: (V,), and that is because the place is unknown.
    certificates (V,), levels (V, n), hours (V, 2): as in Requirements. keys, rows: (V,), as in Blocks.
    """

    firsts: Int64
    columns: Int32
    importance: Float32
    heavy: Int32
    weights: UInt16
    middles: Int64
    rests: UInt16
    gate_firsts: Int64
    gates: Int32
    places: Float64
    everywhere: Bool
    placeless: Bool
    certificates: Bits
    levels: Int8
    hours: Float32
    keys: Bits
    rows: Int32


class Lists(NamedTuple):
    """Hold the best k so far of every row while the kernels run, as heaps with the worst first.

    There are no rows where nobody asked for this side.

    entries: (rows, k), 32 bits to order fits by and the candidate's 32-bit number: a slot, or a place in Asks.
    taken: (rows,), how many places are.
    keys: hashes of the candidates' ids, by number.
    """

    entries: Bits
    taken: Int32
    keys: Bits


class Best(NamedTuple):
    """Hold the best k of every row, best first, all of shape (rows, k).

    ids, order (a fit, NO_FIT or REFUSED), tie, unknown: as in Ranking.
    """

    ids: Int32
    order: Float32
    tie: Bits
    unknown: UInt8


def no_lists(rows: int, k: int, keys: Bits) -> Lists:
    """Return lists without entries."""
    return Lists(np.empty((rows, k), np.uint64), np.zeros(rows, np.int32), keys)


def no_best(rows: int, k: int) -> Best:
    """Return pads."""
    return Best(
        np.full((rows, k), -1, np.int32),
        np.full((rows, k), REFUSED),
        np.zeros((rows, k), np.uint64),
        np.zeros((rows, k), np.uint8),
    )
