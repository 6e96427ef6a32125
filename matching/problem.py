"""The two inputs of every ranking, people and vacancies: checked here, once, and trusted everywhere else.

    Pool        what people can do: mean and standard deviation per skill; and their Attributes
    Vacancies   what jobs ask: band and importance per skill; and their Requirements

Both are frozen and their arrays are read-only, C-ordered copies: an object that exists is valid. `take` gives some of
the rows, `+` puts one table below the other. Skills must have the same names in the same order on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

import numpy as np

from matching._checks import (
    FINITE,
    GIVEN_LATER,
    Bits,
    Bool,
    Float32,
    Int8,
    Int32,
    flags,
    floats,
    frozen,
    integers,
    names,
    row_numbers,
    shares,
    store,
)
from matching.errors import FrameworkMismatch
from matching.formal import Attributes, Requirements

BANDS = 5

Formal = TypeVar("Formal", Attributes, Requirements)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Hold people who may be ranked, with the posterior of every skill on the latent scale.

    people: distinct, non-empty texts: opaque ids.
    skills: distinct texts, the column order.
    mean: float32 (people, skills), finite.
    sd: float32 (people, skills), finite, 0 or more.
    attributes: one row per person. None: no gate is applied.
    measured: bool (people, skills), whether anything was observed about the skill itself. None: all were.
    keys: uint64 (people,), derived: a hash of each id, for ties.

    Raises ValueError or TypeError on anything else. `a + b` refuses ids that occur in both.
    """

    people: tuple[str, ...]
    skills: tuple[str, ...]
    mean: Float32
    sd: Float32
    attributes: Attributes | None = None
    measured: Bool = GIVEN_LATER
    keys: Bits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        people, skills = names("people", self.people), names("skills", self.skills)
        shape = len(people), len(skills)
        _fits_beside("attributes", self.attributes, Attributes, len(people))
        store(
            self,
            people=people,
            skills=skills,
            mean=floats("mean", self.mean, shape, -FINITE, FINITE),
            sd=floats("sd", self.sd, shape, 0.0, FINITE),
            measured=flags("measured", self.measured, shape, default=True),
            keys=hashed(people),
        )

    def __len__(self) -> int:
        return len(self.people)

    def take(self, rows: object) -> Pool:
        """Return the given people, in that order, from row numbers, a slice, or one true or false per person."""
        at = row_numbers(rows, len(self))
        people = tuple(self.people[row] for row in at)
        attributes = None if self.attributes is None else self.attributes.take(at)
        return Pool(people, self.skills, self.mean[at], self.sd[at], attributes, self.measured[at])

    def __add__(self, other: Pool) -> Pool:
        same_skills(self.skills, other.skills)
        mean, sd = np.concatenate([self.mean, other.mean]), np.concatenate([self.sd, other.sd])
        attributes = _joined("attributes", self.attributes, other.attributes)
        measured = np.concatenate([self.measured, other.measured])
        return Pool(self.people + other.people, self.skills, mean, sd, attributes, measured)


@dataclass(frozen=True, slots=True, eq=False)
class Vacancies:
    """Hold jobs on offer: what each asks of every skill, how much that matters, and how many people it can take.

    vacancies: distinct, non-empty texts: opaque ids.
    skills: distinct texts, the column order.
    band: int8 (vacancies, skills), 1 to 5; 0 not asked.
    importance: float32 (vacancies, skills), 0 or more, 0 where not asked. Each row sums to 1 within 0.001 and is stored
        scaled to 1; a row that asks nothing is all zero.
    seats: int32 (vacancies,), 0 or more. None: one each.
    requirements: one row per vacancy. None: no gate is applied.
    keys: uint64 (vacancies,), derived: a hash of each id, for ties.

    Raises ValueError or TypeError on anything else. `a + b` refuses ids that occur in both.
    """

    vacancies: tuple[str, ...]
    skills: tuple[str, ...]
    band: Int8
    importance: Float32
    seats: Int32 = GIVEN_LATER
    requirements: Requirements | None = None
    keys: Bits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        vacancies, skills = names("vacancies", self.vacancies), names("skills", self.skills)
        shape = len(vacancies), len(skills)
        _fits_beside("requirements", self.requirements, Requirements, len(vacancies))
        band = integers("band", self.band, shape, np.int8, 0, BANDS)
        store(
            self,
            vacancies=vacancies,
            skills=skills,
            band=band,
            importance=shares("importance", self.importance, band),
            seats=integers("seats", self.seats, shape[:1], np.int32, 0, np.iinfo(np.int32).max, default=1),
            keys=hashed(vacancies),
        )

    def __len__(self) -> int:
        return len(self.vacancies)

    def take(self, rows: object) -> Vacancies:
        """Return the given vacancies, in that order, from row numbers, a slice, or one true or false per vacancy."""
        at = row_numbers(rows, len(self))
        vacancies = tuple(self.vacancies[row] for row in at)
        requirements = None if self.requirements is None else self.requirements.take(at)
        return Vacancies(vacancies, self.skills, self.band[at], self.importance[at], self.seats[at], requirements)

    def __add__(self, other: Vacancies) -> Vacancies:
        same_skills(self.skills, other.skills)
        band = np.concatenate([self.band, other.band])
        importance = np.concatenate([self.importance, other.importance])
        seats = np.concatenate([self.seats, other.seats])
        requirements = _joined("requirements", self.requirements, other.requirements)
        return Vacancies(self.vacancies + other.vacancies, self.skills, band, importance, seats, requirements)


def matched(pool: Pool, vacancies: Vacancies) -> tuple[Attributes, Requirements] | None:
    """Return the two sides of the gates, or None when one of them is missing.

    Raises FrameworkMismatch when the skills differ, ValueError when the columns of levels do.
    """
    same_skills(pool.skills, vacancies.skills)
    if pool.attributes is None or vacancies.requirements is None:
        return None
    held, asked = pool.attributes.levels.shape[1], vacancies.requirements.levels.shape[1]
    if held and asked and held != asked:
        raise ValueError(f"levels: {held} columns of people and {asked} of vacancies came, equally many were expected")
    return pool.attributes, vacancies.requirements


def same_skills(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Raise FrameworkMismatch unless both name the same skills in the same order."""
    if one != other:
        same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        raise FrameworkMismatch(
            f"skills: {len(one)} and {len(other)} names came that differ from column {same} on, "
            "the same names in the same order were expected"
        )


def hashed(ids: tuple[str, ...]) -> Bits:
    """Return a 64-bit hash of every id: BLAKE2b of its UTF-8 text, read as a little-endian number."""
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in ids)
    return frozen(np.frombuffer(digests, "<u8").astype(np.uint64))


def _fits_beside(name: str, part: object, kind: type[Attributes | Requirements], rows: int) -> None:
    if part is None:
        return
    if not isinstance(part, kind):
        raise TypeError(f"{name}: {type(part).__name__} came, {kind.__name__} or None was expected")
    if len(part) != rows:
        raise ValueError(f"{name}: {len(part)} rows came, {rows} were expected")


def _joined(name: str, above: Formal | None, below: Formal | None) -> Formal | None:
    if above is None and below is None:
        return None
    if above is None or below is None:
        raise ValueError(f"{name}: only one of two parts has them, both or neither was expected")
    return above + below
