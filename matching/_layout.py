"""How people are laid out in blocks: who stands beside whom, which bits are set, what is written where.

Neighbours stand together, so that whole blocks and words are out of reach of most vacancies. Everything here only
over-states: a bound is never below its fit, a set bit never denies, a ball never leaves anybody out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matching._blocks import LANES, Blocks
from matching._checks import Bits, Bool, Float32, Float64, Int64, UInt8
from matching.fit import level_table
from matching.formal import Attributes
from matching.gates import EARTH_KM, _longest_chord_squared, _on_unit_sphere
from matching.problem import BANDS, Pool

CELL_KM = 5.0
KM_A_DEGREE = EARTH_KM * np.pi / 180.0
NOWHERE = np.uint32(2**32 - 1)  # after every cell

LEVELS = 8  # an asked level is 1 to 8
HOURS = np.array([8, 12, 16, 20, 24, 28, 32, 36, 40], np.float32)  # between these the planes let a few more through
EVERYBODY, CERTIFICATES, DEMANDS, SECTORS, LEAST_HOURS = 0, 1, 65, 129, 161
MOST_HOURS = LEAST_HOURS + len(HOURS)
FIRST_LEVEL = MOST_HOURS + len(HOURS)

STRIP = 1000  # people whose table is turned at once: rows a power of two apart would share a line of the cache
A_LITTLE = 1e-12  # of a squared chord; more than rounding, less than 10 metres
ROUND_UP = np.float32(255.0 * (1.0 + 2.0**-20))


def empty(blocks: int, words: int, skills: int, levels: int) -> Blocks:
    """Return blocks without anybody in them."""
    lanes, requirements = words * LANES, skills * BANDS
    reach = np.zeros((blocks, 1 + words, 4))
    reach[:, :, 3] = -1.0
    return Blocks(
        fits=np.zeros((blocks, lanes, requirements), np.float32),
        bounds=np.zeros((blocks, requirements, lanes), np.uint8),
        planes=np.zeros((blocks, FIRST_LEVEL + levels * LEVELS, words), np.uint64),
        reach=reach,
        places=np.zeros((blocks, lanes, 4)),
        certificates=np.zeros((blocks, lanes), np.uint64),
        levels=np.zeros((blocks, lanes, levels), np.int8),
        hours=np.zeros((blocks, lanes, 2), np.float32),
        keys=np.zeros((blocks, lanes), np.uint64),
        rows=np.full((blocks, lanes), -1, np.int32),
    )


def by_place(location: Float32, reach_km: Float32) -> Int64:
    """Return the order in which to stand: along a Morton curve of cells, by reach within a cell, unknown ones last."""
    cells = np.where(np.isnan(reach_km), NOWHERE, _cells(location)).astype(np.uint64)
    reach = np.nan_to_num(reach_km).astype(np.float32) + np.float32(0.0)  # rising as bits too, once -0 is gone
    order: Int64 = np.argsort((cells << np.uint64(32)) | reach.view(np.uint32))
    return order


def _cells(location: Float32) -> Bits:
    """Return the Morton number of everybody's cell of about 5 by 5 km."""
    north, east = np.nan_to_num(location.T.astype(np.float64))
    row = np.floor((north + 90.0) * KM_A_DEGREE / CELL_KM)
    middle = np.radians(row * CELL_KM / KM_A_DEGREE - 90.0)
    column = np.floor((east + 180.0) * np.maximum(np.cos(middle), 0.0) * KM_A_DEGREE / CELL_KM)
    cells = _spread(row.astype(np.uint64)) << np.uint64(1) | _spread(column.astype(np.uint64))
    return np.where(np.isnan(location[:, 0]), np.uint64(NOWHERE), cells)


def _spread(number: Bits) -> Bits:
    """Put a zero between any two bits of numbers below 2**16."""
    for shift, mask in (8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555):
        number = (number | number << np.uint64(shift)) & np.uint64(mask)
    return number


def fill(blocks: Blocks, block: int, pool: Pool, rows: Int64) -> None:
    """Write people of `pool`, by row number, into the first lanes of an empty block."""
    here = slice(0, len(rows))
    table = level_table(pool.mean[rows], pool.sd[rows])
    for first in range(0, len(rows), STRIP):
        strip = slice(first, min(first + STRIP, len(rows)))
        blocks.fits[block, strip] = np.ascontiguousarray(table[:, strip]).T
    blocks.bounds[block, :, here] = in_255ths(table)
    attributes = attributes_of(pool).take(rows)
    for name, column in columns(attributes).items():
        getattr(blocks, name)[block, here] = column
    blocks.keys[block, here], blocks.rows[block, here] = pool.keys[rows], rows
    allowed = np.zeros((blocks.planes.shape[1], blocks.rows.shape[1]), np.bool_)
    allowed[:, here] = answers(attributes)
    blocks.planes[block] = np.packbits(allowed, axis=1, bitorder="little").view("<u8")
    surround(blocks, block)


def replace(blocks: Blocks, slots: Int64, pool: Pool, some: Int64, rows: Int64) -> None:
    """Write some people of `pool` over whoever stood in `slots`, lanes counted through all blocks; not the balls."""
    if not len(slots):
        return
    block, lane = np.divmod(slots, blocks.rows.shape[1])
    table = level_table(pool.mean[some], pool.sd[some])
    blocks.fits[block, lane] = table.T
    blocks.bounds[block, :, lane] = in_255ths(table).T
    attributes = attributes_of(pool).take(some)
    for name, column in columns(attributes).items():
        getattr(blocks, name)[block, lane] = column
    blocks.keys[block, lane], blocks.rows[block, lane] = pool.keys[some], rows
    word, bit = np.divmod(lane, LANES)
    one = np.uint64(1) << bit.astype(np.uint64)
    at = block[:, None], np.arange(blocks.planes.shape[1]), word[:, None]
    np.bitwise_and.at(blocks.planes, at, ~one[:, None])
    np.bitwise_or.at(blocks.planes, at, answers(attributes).T * one[:, None])


def leave(blocks: Blocks, slots: Int64) -> None:
    """Let nobody stand in `slots` any more."""
    block, lane = np.divmod(slots, blocks.rows.shape[1])
    one = np.uint64(1) << (lane % LANES).astype(np.uint64)
    everybody = np.full(len(block), EVERYBODY)
    np.bitwise_and.at(blocks.planes, (block, everybody, lane // LANES), ~one)
    blocks.rows[block, lane] = -1


def bits_of(only: Bool, blocks: Blocks) -> Bits:
    """Return a mask by row as one bit a lane, uint64 (blocks, words); nothing of it matters where nobody stands."""
    if not only.size:
        return np.zeros_like(blocks.planes[:, EVERYBODY])
    bits: Bits = np.packbits(only[blocks.rows], axis=1, bitorder="little").view("<u8")
    return bits


def in_255ths(table: Float32) -> UInt8:
    """Return shares in 255ths, rounded up."""
    shares: Float32 = table * ROUND_UP
    np.minimum(np.ceil(shares, out=shares), np.float32(255.0), out=shares)
    return shares.astype(np.uint8)


def attributes_of(pool: Pool) -> Attributes:
    """Return the attributes of a pool; all unknown when it has none, which then nobody asks about."""
    return Attributes(size=len(pool)) if pool.attributes is None else pool.attributes


def columns(attributes: Attributes) -> dict[str, object]:
    """Return what the kernels look at in one person at a time, by the names of Blocks."""
    return {
        "places": on_the_globe(attributes),
        "certificates": attributes.certificates,
        "levels": attributes.levels,
        "hours": attributes.hours,
    }


def on_the_globe(attributes: Attributes) -> Float64:
    """Return points on the unit sphere and the longest squared chords, of shape (people, 4)."""
    return np.vstack([_on_unit_sphere(attributes.location), _longest_chord_squared(attributes.reach_km)]).T


def answers(attributes: Attributes) -> Bool:
    """Return for every row of the planes who may be considered, bool (rows, people)."""
    return np.stack(list(_answers(attributes)))


def _answers(attributes: Attributes) -> Iterator[Bool]:
    yield np.ones(len(attributes), np.bool_)
    for bit in range(64):
        yield (attributes.certificates & np.uint64(1 << bit) != 0) | ~attributes.certificates_known
    for bit in range(64):
        yield attributes.limits & np.uint64(1 << bit) == 0
    for bit in range(32):
        yield (attributes.sectors & np.uint32(1 << bit) != 0) | (attributes.sectors == 0)
    least, most = attributes.hours.T
    for hours in HOURS:
        yield ~(least > hours)
    for hours in HOURS:
        yield ~(most < hours)
    for held in attributes.levels.T:
        for level in range(1, LEVELS + 1):
            yield (held < 0) | (held >= level)


def surround(blocks: Blocks, block: int) -> None:
    """Put a ball round each word of a block and round the block, beyond which nobody in it can be reached."""
    alive = blocks.rows[block] >= 0
    words = blocks.planes.shape[2]
    places = np.where(alive[:, None], blocks.places[block], [0.0, 0.0, 0.0, -np.inf])
    blocks.reach[block, 1:] = _balls(places.reshape(words, LANES, 4), alive.reshape(words, LANES))
    blocks.reach[block, :1] = _balls(places[None], alive[None])


def _balls(places: Float64, alive: Bool) -> Float64:
    """Return (n, 4) centres and squared limits of n groups of people; infinite where somebody's place is unknown."""
    known: Bool = np.asarray(np.isfinite(places).all(axis=2))
    points = np.where(known[:, :, None], places[:, :, :3], 0.0)
    centres = points.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    furthest = needed(centres[:, None], np.where(known[:, :, None], places, 0.0))
    limit = np.where(known, furthest, np.where(alive, np.inf, -1.0)).max(axis=1)
    limit = np.where(limit < 0, -1.0, (limit * (1.0 + A_LITTLE)) ** 2 + A_LITTLE)
    return np.concatenate([centres, limit[:, None]], axis=1)


def needed(centres: Float64, places: Float64) -> Float64:
    """Return the chord from each centre within which there may be a vacancy in reach of a place."""
    distance: Float64 = np.sqrt(((places[..., :3] - centres) ** 2).sum(axis=-1))
    return distance + np.sqrt(places[..., 3])


def welcome(blocks: Blocks, slots: Int64, places: Float64) -> Bool:
    """Tell who can stand in a slot without the balls of its word and its block growing."""
    block, lane = np.divmod(slots, blocks.rows.shape[1])
    fits = np.ones(len(slots), np.bool_)
    for ball in 1 + lane // LANES, 0:
        centre = blocks.reach[block, ball]
        chord = np.where(np.isnan(places).any(axis=1), np.inf, needed(centre[:, :3], places))
        fits &= (chord * (1.0 + A_LITTLE)) ** 2 <= centre[:, 3] - A_LITTLE * np.isfinite(chord)
    return fits
