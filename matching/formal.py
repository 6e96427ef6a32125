"""The two sides of the gates: what people bring and want, and what vacancies formally require.

Both are plain columns, one row per person or vacancy, every one optional. Certificates, limits and sectors are bits:
64, 64 and 32 of them. Arrays are read-only, C-ordered copies; wrong ones are a ValueError or TypeError.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from matching._checks import (
    BITS_32,
    BITS_64,
    GIVEN_LATER,
    KILOMETRES,
    Bits,
    Bool,
    Float32,
    Int8,
    UInt32,
    flags,
    floats,
    hours,
    integers,
    levels,
    places,
    row_count,
    row_numbers,
    store,
    widened,
)


class _Columns:
    """Let a table of optional columns be counted, subset and joined."""

    __slots__ = ()
    size: int
    NOT_STATED: ClassVar[int]

    def __len__(self) -> int:
        return self.size

    def columns(self) -> dict[str, Any]:
        """Return the columns by name; None where one was left out, which is possible inside the constructor only."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "size"}  # type: ignore[arg-type]

    def take(self, rows: object) -> Self:
        """Return the given rows, in that order, from row numbers, a slice, or one true or false per row."""
        at = row_numbers(rows, self.size)
        return type(self)(**{name: column[at] for name, column in self.columns().items()})

    def __add__(self, other: Self) -> Self:
        above, below = self.columns(), other.columns()
        widest = max(above["levels"].shape[1], below["levels"].shape[1])
        for part in above, below:
            part["levels"] = widened("levels", part["levels"], widest, self.NOT_STATED)
        return type(self)(**{name: np.concatenate([column, below[name]]) for name, column in above.items()})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attributes(_Columns):
    """Hold what people bring and want, one row per person. What is left out is unknown, or no limit and no wish.

    size: number of rows; needed only when no column is given.
    certificates: uint64 (people,), the bits held. Left out: none of them is known.
    certificates_known: bool (people,), false when there may be others beside the bits held. Left out: true
        when certificates are given.
    limits: uint64 (people,), demands that cannot be met. Left out: none.
    levels: int8 (people, n), education (EQF 0-8), then languages (CEFR 0-6); -1 unknown. Left out: n = 0, all unknown.
    hours: float32 (people, 2), least and most a week; NaN unknown.
    sectors: uint32 (people,), the bits wished for; 0 any. Left out: any.
    location: float32 (people, 2), degrees north and east; both NaN unknown.
    reach_km: float32 (people,), how far to travel; NaN unknown.
    """

    NOT_STATED: ClassVar[int] = -1
    size: int = GIVEN_LATER
    certificates: Bits = GIVEN_LATER
    certificates_known: Bool = GIVEN_LATER
    limits: Bits = GIVEN_LATER
    levels: Int8 = GIVEN_LATER
    hours: Float32 = GIVEN_LATER
    sectors: UInt32 = GIVEN_LATER
    location: Float32 = GIVEN_LATER
    reach_km: Float32 = GIVEN_LATER

    def __post_init__(self) -> None:
        n = row_count(self.size, self.columns())
        held = self.certificates
        store(
            self,
            size=n,
            certificates=integers("certificates", held, (n,), np.uint64, 0, BITS_64),
            certificates_known=flags("certificates_known", self.certificates_known, (n,), default=held is not None),
            limits=integers("limits", self.limits, (n,), np.uint64, 0, BITS_64),
            levels=levels("levels", self.levels, n, self.NOT_STATED),
            hours=hours("hours", self.hours, n),
            sectors=integers("sectors", self.sectors, (n,), np.uint32, 0, BITS_32),
            location=places("location", self.location, n),
            reach_km=floats("reach_km", self.reach_km, (n,), 0.0, KILOMETRES, unknown=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requirements(_Columns):
    """Hold what vacancies formally require, one row per vacancy. What is left out is not asked.

    size: number of rows; needed only when no column is given.
    certificates: uint64 (vacancies,), the bits needed.
    demands: uint64 (vacancies,), the bits that must not touch a person's limits.
    levels: int8 (vacancies, n), columns as in Attributes; 0 not asked. Left out: n = 0, none asked.
    hours: float32 (vacancies, 2), least and most a week; NaN not asked.
    sector: uint32 (vacancies,), one bit; 0 any.
    location: float32 (vacancies, 2), degrees north and east; both NaN unknown, which leaves reach unknown.
    remote: bool (vacancies,), true when reach does not matter. Left out: false.
    """

    NOT_STATED: ClassVar[int] = 0
    size: int = GIVEN_LATER
    certificates: Bits = GIVEN_LATER
    demands: Bits = GIVEN_LATER
    levels: Int8 = GIVEN_LATER
    hours: Float32 = GIVEN_LATER
    sector: UInt32 = GIVEN_LATER
    location: Float32 = GIVEN_LATER
    remote: Bool = GIVEN_LATER

    def __post_init__(self) -> None:
        n = row_count(self.size, self.columns())
        sector = integers("sector", self.sector, (n,), np.uint32, 0, BITS_32)
        several = np.flatnonzero(sector & (sector - np.uint32(1)))
        if several.size:
            raise ValueError(f"sector: {sector[several[0]]:#b} came in row {several[0]}, one bit or 0 was expected")
        store(
            self,
            size=n,
            certificates=integers("certificates", self.certificates, (n,), np.uint64, 0, BITS_64),
            demands=integers("demands", self.demands, (n,), np.uint64, 0, BITS_64),
            levels=levels("levels", self.levels, n, self.NOT_STATED),
            hours=hours("hours", self.hours, n),
            sector=sector,
            location=places("location", self.location, n),
            remote=flags("remote", self.remote, (n,), default=False),
        )
