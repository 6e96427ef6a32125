"""Checked conversion of whatever a caller brings into read-only, C-ordered arrays.

Each function returns an array that may be trusted from then on, or says what came and what was expected: TypeError for
a wrong kind of value, ValueError for a wrong shape or range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bits = NDArray[np.uint64]
Bool = NDArray[np.bool_]
Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]
UInt32 = NDArray[np.uint32]
Int64 = NDArray[np.int64]

HIGHEST_LEVEL = 8  # EQF 8 in column 0; languages end at 6 (CEFR C2)
HOURS_A_WEEK = 168.0
KILOMETRES = 40_000.0  # nothing on Earth is further
BITS_32, BITS_64 = 2**32 - 1, 2**64 - 1
ROUNDED_SUM = 2.0**-22  # further than this from 1 a sum of importances is not just rounded to float32
FINITE = float(np.finfo(np.float32).max)
GIVEN_LATER: Any = None  # default of a field that the constructor fills in; Any, so that readers see an array


def as_array(name: str, value: object) -> Array:
    """Return `value` as an array of any type; refuse what has no rectangular shape or hides its entries."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: a masked array came, an ordinary array was expected (NaN or -1 where unknown)")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: rows of unequal length came, a rectangular array was expected") from error


def frozen(array: Array) -> Array:
    """Return `array` C-ordered and read-only; copied unless it is so already and nobody else can write to it."""
    if array.flags.writeable or array.base is not None or not array.flags.c_contiguous:
        array = np.array(array, order="C", copy=True)
        array.flags.writeable = False
    return array


def _shaped(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape} came, {shape} was expected")
    return array


def floats(
    name: str, value: object, shape: tuple[int, ...], low: float, high: float, *, unknown: bool = False
) -> Float32:
    """Return float32 values between `low` and `high`; NaN is refused unless `unknown`, and then also the default."""
    if value is None and unknown:
        return frozen(np.full(shape, np.nan, np.float32))
    array = _shaped(name, as_array(name, value), shape)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: {array.dtype} came, floating point numbers were expected")
    nan = np.isnan(array)
    if nan.any() and not unknown:
        raise ValueError(f"{name}: NaN came in row {_row(nan)}, finite numbers were expected")
    _inside(name, array, low, high)
    return frozen(array.astype(np.float32, copy=False))


def integers(
    name: str,
    value: object,
    shape: tuple[int, ...],
    dtype: type[np.integer[Any]],
    low: int,
    high: int,
    *,
    default: int = 0,
) -> Array:
    """Return integers between `low` and `high` as `dtype`, compared before they are converted: nothing wraps round."""
    if value is None:
        return frozen(np.full(shape, default, dtype))
    array = _shaped(name, _whole(as_array(name, value), value), shape)
    if array.dtype.kind not in "iu" and array.size:  # an empty list is an array of floats
        raise TypeError(f"{name}: {array.dtype} came, integers between {low} and {high} were expected")
    _inside(name, array, low, high)
    return frozen(array.astype(dtype, copy=False))


def _whole(array: Array, value: object) -> Array:
    """Return lists of large Python integers, which numpy would round to floats, as 64-bit integers if they fit."""
    if array.dtype.kind not in "fO" or isinstance(value, np.ndarray):
        return array
    exact = np.asarray(value, dtype=object)
    if not all(type(each) is int for each in exact.flat):
        return array
    kind = np.uint64 if min(exact.flat, default=0) >= 0 else np.int64
    try:
        return exact.astype(kind)
    except OverflowError:
        return array


def flags(name: str, value: object, shape: tuple[int, ...], *, default: bool) -> Bool:
    """Return true or false values; numbers are refused, because 0 and 1 may have meant something else."""
    if value is None:
        return frozen(np.full(shape, default, np.bool_))
    array = _shaped(name, as_array(name, value), shape)
    if array.dtype.kind != "b" and array.size:
        raise TypeError(f"{name}: {array.dtype} came, true or false was expected")
    return frozen(array.astype(np.bool_, copy=False))


def levels(name: str, value: object, rows: int, not_stated: int) -> Array:
    """Return int8 levels of shape (rows, any number of columns): `not_stated` (-1 or 0) to 8, by default no column."""
    array = as_array(name, np.empty((rows, 0), np.int8) if value is None else value)
    shape = rows, array.shape[1] if array.ndim == 2 else 1
    return integers(name, array, shape, np.int8, not_stated, HIGHEST_LEVEL)


def hours(name: str, value: object, rows: int) -> Float32:
    """Return weekly ranges of shape (rows, 2), NaN where unknown."""
    array = floats(name, value, (rows, 2), 0.0, HOURS_A_WEEK, unknown=True)
    upside_down = array[:, 0] > array[:, 1]
    if upside_down.any():
        row = _row(upside_down)
        raise ValueError(
            f"{name}: {array[row, 0]:g} to {array[row, 1]:g} came in row {row}, least <= most was expected"
        )
    return array


def places(name: str, value: object, rows: int) -> Float32:
    """Return degrees north and east of shape (rows, 2), both NaN where unknown."""
    array = floats(name, value, (rows, 2), -180.0, 180.0, unknown=True)
    _inside(f"{name} (latitude)", array[:, 0], -90.0, 90.0)
    half = np.isnan(array[:, 0]) != np.isnan(array[:, 1])
    if half.any():
        raise ValueError(f"{name}: half a place came in row {_row(half)}, both degrees or two NaN were expected")
    return array


def shares(name: str, value: object, band: Array) -> Float32:
    """Return importances of the asked skills, each row scaled to sum to 1; a row that sums to 1 keeps its bits.

    So a row that was stored and read again, or taken and joined, gives exactly the same fits.
    """
    array = floats(name, value, band.shape, 0.0, FINITE)
    idle = (band == 0) & (array > 0)
    if idle.any():
        raise ValueError(
            f"{name}: importance came in row {_row(idle)} for a skill that is not asked (band 0), 0 was expected"
        )
    total = array.sum(axis=1, dtype=np.float64)
    wrong = (band > 0).any(axis=1) & (np.abs(total - 1.0) > 1e-3)
    if wrong.any():
        row = _row(wrong)
        raise ValueError(
            f"{name}: row {row} sums to {total[row]:.6g}, 1 over its asked skills was expected (within 0.001)"
        )
    uneven = (np.abs(total - 1.0) > ROUNDED_SUM) & (total > 0)
    scaled = array / np.where(uneven, total, 1.0)[:, None]
    return frozen(scaled.astype(np.float32))


def widened(name: str, array: Array, width: int, filling: int) -> Array:
    """Return a table without columns as one of `width` columns; refuse one with another number of columns."""
    if array.shape[1] not in (0, width):
        raise ValueError(f"{name}: {array.shape[1]} and {width} columns came, the same columns were expected")
    return array if array.shape[1] else np.full((len(array), width), filling, array.dtype)


def names(name: str, value: Iterable[str]) -> tuple[str, ...]:
    """Return distinct, non-empty texts that can be written as UTF-8."""
    if isinstance(value, str | bytes):
        raise TypeError(f"{name}: one {type(value).__name__} came, a sequence of texts was expected")
    texts = tuple(value)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}: {type(text).__name__} came in row {row}, text was expected")
    if len(set(texts)) != len(texts):
        twice, times = Counter(texts).most_common(1)[0]
        raise ValueError(f"{name}: {twice!r} came {times} times, distinct texts were expected")
    if "" in texts:
        raise ValueError(f"{name}: an empty text came in row {texts.index('')}, an id was expected")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name}: a lone surrogate came, text that can be written as UTF-8 was expected") from error
    return tuple(map(str, texts))


def row_numbers(value: object, size: int) -> Int64:
    """Return row numbers of a table of `size` rows, from row numbers, a slice, or one true or false per row."""
    if isinstance(value, slice):
        return np.arange(size)[value]
    rows = as_array("rows", value)
    if rows.dtype.kind == "b":
        rows = np.flatnonzero(_shaped("rows", rows, (size,)))
    if rows.ndim != 1 or (rows.dtype.kind not in "iu" and rows.size):
        raise TypeError(f"rows: {rows.dtype} of shape {rows.shape} came, a list of row numbers was expected")
    if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < size:
        raise IndexError(f"rows: {rows.min()} to {rows.max()} came, row numbers below {size} were expected")
    return rows.astype(np.int64)


def row_count(size: object, fields: Mapping[str, object]) -> int:
    """Return how many rows a table of optional `fields` has, from `size` or from the fields that were given."""
    counts = {}
    for name, value in fields.items():
        if value is not None:
            array = as_array(name, value)
            if array.ndim == 0:
                raise TypeError(f"{name}: a single {array.dtype} came, one entry per row was expected")
            counts[name] = len(array)
    if size is not None:
        counts["size"] = check_count("size", size, 0)
    if not counts:
        raise ValueError("no field came, at least one field or size= was expected")
    if len(set(counts.values())) > 1:
        raise ValueError(f"fields of different lengths came ({counts}), one length was expected")
    return next(iter(counts.values()))


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name}: {value!r} came, one of {', '.join(choices)} was expected")


def check_count(name: str, value: object, least: int) -> int:
    """Return a whole number that is at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: {type(value).__name__} came, a whole number was expected")
    if value < least:
        raise ValueError(f"{name}: {value} came, at least {least} was expected")
    return int(value)


def store(table: object, **values: object) -> None:
    """Set fields of a frozen dataclass, for use in its own constructor."""
    for name, value in values.items():
        object.__setattr__(table, name, value)


def _inside(name: str, array: Array, low: float, high: float) -> None:
    outside = (array < low) | (array > high)
    if outside.any():
        row = _row(outside)
        raise ValueError(f"{name}: {array[outside][0]} came in row {row}, {low} to {high} was expected")


def _row(where: Array) -> int:
    return int(np.argwhere(where)[0][0])
