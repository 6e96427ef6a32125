"""Employers and vacancies: what occupations ask, as each employer changes it a little. All of it invented."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.synthetic.content import LEVELS, SECTORS, Content, joined, scatter
from data.synthetic.files import EMPLOYERS, vacancies_schema
from data.synthetic.streams import CHUNK, stream

SECTOR_SHARE = (0.30, 0.38, 0.32)
NAMES = (
    ("Wind Park", "Solar Works", "Heat Pumps", "Power Grid"),
    ("Care Home", "Home Care", "Hospital", "Clinic"),
    ("Machine Works", "Food Factory", "Packaging", "Electronics"),
)
HEADQUARTERS = 0.7  # share of vacancies at the employer's own address
BAND_MOVES = 0.25  # chance that an employer asks one band more or less
DROPPED = 0.08  # chance that an employer does not ask a skill
IMPORTANCE_SPREAD = 0.25  # sd of the log of an employer's own weighing
WAIVED = 0.25  # chance that an employer trains on the job instead of asking a certificate
ADDED = {"driving_b": 0.20, "vca": 0.08, "bhv": 0.04}  # chance that an employer asks a general certificate on top
LEVEL_MOVES = (0.10, 0.72, 0.18)  # one level less, as usual, one more
ANY_SECTOR = 0.10  # vacancies open to people whatever sector they wish
REMOTE_OFFICE = 0.55  # share of vacancies for partly desk work that are its desk part, done from anywhere
SEATS, SEATS_SHARE = (1, 2, 3, 4, 6, 10), (0.58, 0.20, 0.10, 0.06, 0.04, 0.02)


@dataclass(frozen=True, slots=True)
class Employers:
    """Employers by row; `share` is the part of all vacancies that an employer offers."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    sector: np.ndarray  # i8, row of SECTORS
    place: np.ndarray  # i8, row of Places
    location: np.ndarray  # f4 (employers, 2)
    share: np.ndarray  # f8

    def table(self, content: Content) -> pa.Table:
        """Return the columns of employers.parquet."""
        return pa.table(
            {
                "employer": list(self.ids),
                "name": list(self.names),
                "sector": [SECTORS[row] for row in self.sector],
                "place": [content.places.names[row] for row in self.place],
            },
            schema=EMPLOYERS,
        )


def draw_employers(content: Content, seed: int, number: int) -> Employers:
    """Draw employers: a few offer most of the vacancies, and larger places have more of them."""
    rng = stream(seed, "employers", 0)
    sector = rng.choice(len(SECTORS), size=number, p=SECTOR_SHARE)
    sector[: len(SECTORS)] = np.arange(len(SECTORS))[:number]  # every sector has an employer, however few there are
    kind = rng.integers(len(NAMES[0]), size=number)
    places = content.places
    place = rng.choice(len(places.names), size=number, p=places.areas / places.areas.sum())
    location = scatter(places, place, rng.standard_normal((number, 2)))
    weight = rng.pareto(1.5, size=number) + 0.5
    return Employers(
        ids=tuple(f"employer-{row + 1:04d}" for row in range(number)),
        names=tuple(
            f"Example {NAMES[s][k]} {row + 1:02d}" for row, (s, k) in enumerate(zip(sector, kind, strict=True))
        ),
        sector=sector,
        place=place,
        location=location,
        share=weight / weight.sum(),
    )


def _occupations(rng: np.random.Generator, content: Content, sector: np.ndarray) -> np.ndarray:
    uniform, occupation = rng.random(CHUNK), np.zeros(CHUNK, dtype=np.int64)
    for row in range(len(SECTORS)):
        own, there = np.flatnonzero(content.sector == row), sector == row
        occupation[there] = own[(uniform[there] * len(own)).astype(np.int64)]
    return occupation


def _profiles(rng: np.random.Generator, content: Content, occupation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return band i8 and importance f4, both of shape (CHUNK, skills); rows of importance sum to 1."""
    usual, weight = content.band[occupation], content.importance[occupation]
    moves = np.where(rng.random(usual.shape) < BAND_MOVES, rng.choice((-1, 1), size=usual.shape), 0)
    heaviest = weight == weight.max(axis=1, keepdims=True)  # what matters most is never dropped
    asked = (usual > 0) & (weight > 0) & (heaviest | (rng.random(usual.shape) >= DROPPED))
    weight = np.where(asked, weight * np.exp(rng.normal(0, IMPORTANCE_SPREAD, weight.shape)), 0.0)
    importance = np.round(weight / weight.sum(axis=1, keepdims=True), 4)
    importance /= importance.sum(axis=1, keepdims=True)
    return np.where(asked, np.clip(usual + moves, 1, 5), 0), importance.astype(np.float32)


def _levels(rng: np.random.Generator, content: Content, occupation: np.ndarray) -> np.ndarray:
    usual = content.levels[occupation]
    moved = usual + rng.choice((-1, 0, 1), size=usual.shape, p=LEVEL_MOVES)
    return np.where(usual > 0, np.clip(moved, 0, (8, 6, 6)), 0)


def _hours(rng: np.random.Generator, content: Content, occupation: np.ndarray) -> np.ndarray:
    """Return the weekly range of each vacancy: a part of the usual range of its occupation, in steps of 4 hours."""
    low, high = content.hours[occupation].T
    ends = np.sort(low[:, None] + (high - low)[:, None] * rng.random((CHUNK, 2)), axis=1)
    return np.clip(
        np.stack([np.floor(ends[:, 0] / 4) * 4, np.ceil(ends[:, 1] / 4) * 4], axis=1), low[:, None], high[:, None]
    )


def draw_vacancies(content: Content, employers: Employers, seed: int, chunk: int, rows: int) -> pa.Table:
    """Draw the first `rows` vacancies of a chunk as the columns of vacancies.parquet."""
    rng = stream(seed, "vacancies", chunk)
    employer = rng.choice(len(employers.ids), size=CHUNK, p=employers.share)
    occupation = _occupations(rng, content, employers.sector[employer])
    band, importance = _profiles(rng, content, occupation)
    needs = content.needs[occupation] & (rng.random((CHUNK, len(content.certificates))) >= WAIVED)
    needs |= rng.random(needs.shape) < [ADDED.get(key, 0.0) for key in content.certificates]
    levels, hours = _levels(rng, content, occupation), _hours(rng, content, occupation)
    elsewhere = rng.random(CHUNK) >= HEADQUARTERS
    areas = content.places.areas
    place = np.where(elsewhere, rng.choice(len(areas), size=CHUNK, p=areas / areas.sum()), employers.place[employer])
    moved = scatter(content.places, place, rng.standard_normal((CHUNK, 2)))
    location = np.where(elsewhere[:, None], moved, employers.location[employer])
    remote = content.office[occupation] & (rng.random(CHUNK) < REMOTE_OFFICE)
    sector = np.where(rng.random(CHUNK) < ANY_SECTOR, "", np.array(SECTORS)[content.sector[occupation]])
    columns = {
        "vacancy": [f"vacancy-{chunk * CHUNK + row + 1:06d}" for row in range(CHUNK)],
        "employer": [employers.ids[row] for row in employer],
        "occupation": [content.occupations[row] for row in occupation],
        "title": [content.titles[row] for row in occupation],
        "place": [content.places.names[row] for row in place],
        "seats": rng.choice(SEATS, size=CHUNK, p=SEATS_SHARE),
        **{f"band_{skill}": band[:, column] for column, skill in enumerate(content.skills)},
        **{f"importance_{skill}": importance[:, column] for column, skill in enumerate(content.skills)},
        "certificates": joined(needs, content.certificates),
        "demands": joined(content.demands[occupation] & ~remote[:, None], content.limits),
        **{level: levels[:, column] for column, level in enumerate(LEVELS)},
        "hours_min": hours[:, 0],
        "hours_max": hours[:, 1],
        "sector": sector,
        "latitude": location[:, 0],
        "longitude": location[:, 1],
        "remote": remote,
    }
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    return table.cast(vacancies_schema(content.skills)).slice(0, rows)
