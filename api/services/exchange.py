"""Files in and out: people and vacancies to the matching core, rankings to matches. No database is needed.

The columns are those of the exchange format (docs/files.md). Unknown stays unknown; people without a passport cannot be
ranked and are counted, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from api.services import content, files
from api.services.explanations import Highlights, Share, highlights, unknown_gates
from api.services.files import Sheet
from api.store import people as people_store
from api.store import pool as pool_store
from matching import GATES, Pool, Ranking, Vacancies, rank, refusals
from matching.gates import Side
from passport import load_framework

PAIRS_AT_ONCE = 50_000  # explained together: 24 skills in float64 are 10 MB
LATENT = 10.0  # no level lies outside plus or minus this


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """People as read.

    ids and attributes: of every row. pool, columns: those with a passport. rows: which rows of the sheet those are.
    """

    ids: tuple[str, ...]
    attributes: dict[str, tuple]
    pool: Pool
    columns: people_store.People
    rows: NDArray[np.intp]
    sheet: Sheet


def read_people(path: Path, skills: tuple[str, ...]) -> PeopleFile:
    """Read people; raises FileFault naming every row and column that cannot be used."""
    sheet = files.read(path)
    sheet.require(("person", *(f"{part}_{skill}" for part in ("mean", "sd") for skill in skills)))
    ids = sheet.identifiers("person")
    mean, sd = _skills(sheet, "mean", skills, -LATENT, LATENT), _skills(sheet, "sd", skills, 0.0, LATENT)
    has = ~np.isnan(mean).any(axis=1) & ~np.isnan(sd).any(axis=1)
    for row in np.flatnonzero(~has & ~(np.isnan(mean).all(axis=1) & np.isnan(sd).all(axis=1))):
        sheet.faults.append(f"row {row + 1}: expected mean and sd of every skill, or of none")
    own = _skills(sheet, "information", skills, 0.0, 1e9)
    own = np.where(np.isnan(own), 0.0, own) if sheet.has(f"information_{skills[0]}") else np.ones_like(mean)
    attributes = _attributes(sheet)
    rows = np.flatnonzero(has)
    covariance = _covariances(sheet, rows, sd)
    sheet.check()
    columns = people_store.People(
        people=tuple(ids[row] for row in rows),
        mean=mean[rows].astype(np.float32),
        sd=sd[rows].astype(np.float32),
        own_information=own[rows].astype(np.float32),
        covariance=tuple(covariance[row] for row in rows),
        attributes={name: tuple(values[row] for row in rows) for name, values in attributes.items()},
    )
    pool = pool_store.pool(columns, skills, content.load().vocabulary)
    return PeopleFile(ids, attributes, pool, columns, rows, sheet)


@dataclass(frozen=True, slots=True)
class Matched:
    """What `match` did: numbers of people and vacancies, people left out, and rows of `side` without any option."""

    people: int
    vacancies: int
    without_passport: int
    without_option: int
    refusals: dict[str, int]  # of those without any option, by gate
    table: pa.Table


def match(
    people: Path, vacancies: Path, *, top: int, side: Side, seed: int, progress: Callable[[int, int], None]
) -> Matched:
    """Rank the people and vacancies of two files; raises FileFault when one is broken."""
    skills = load_framework().skills
    found = read_people(people, skills)
    jobs, _ = read_vacancies(vacancies, skills)
    ranking = rank(found.pool, jobs, k=top, side=side, seed=seed, progress=progress)
    empty = np.all(ranking.ids < 0, axis=1)
    counts = refusals(found.pool, jobs, side=side)[empty].sum(axis=0)
    return Matched(
        people=len(found.pool),
        vacancies=len(jobs),
        without_passport=len(found.ids) - len(found.pool),
        without_option=int(empty.sum()),
        refusals={gate: int(count) for gate, count in zip(GATES, counts, strict=True) if count},
        table=matches(found.pool, jobs, ranking),
    )


def read_vacancies(path: Path, skills: tuple[str, ...]) -> tuple[Vacancies, Sheet]:
    """Read vacancies; raises FileFault naming every row and column that cannot be used."""
    sheet = files.read(path)
    sheet.require(("vacancy", *(f"{part}_{skill}" for part in ("band", "importance") for skill in skills)))
    columns = vacancy_columns(sheet, skills)
    sheet.check()
    return pool_store.vacancies(columns, skills, content.load().vocabulary), sheet


def vacancy_columns(sheet: Sheet, skills: tuple[str, ...]) -> dict[str, tuple]:
    """Return the matching columns of vacancies by name, as `store.vacancies` keeps them, noting faults in the sheet."""
    vocabulary = content.load().vocabulary
    band = np.nan_to_num(_skills(sheet, "band", skills, 0, 5, whole=True)).astype(np.int8)
    importance = np.nan_to_num(_skills(sheet, "importance", skills, 0.0, 1.0))
    total = importance.sum(axis=1)
    for row in np.flatnonzero((np.abs(total - 1) > 1e-3) & (band.any(axis=1) | (total > 0))):
        sheet.faults.append(f"row {row + 1}: expected importances that sum to 1, got {total[row]:.4f}")
    for row, column in np.argwhere((importance > 0) & (band == 0)):
        sheet.fault(f"importance_{skills[column]}", int(row), float(importance[row, column]), "0, as the band is 0")
    seats = sheet.numbers("seats", 0, 1_000_000, whole=True)
    levels = {name: sheet.numbers(name, 0, top, whole=True) for name, top in content.HIGHEST.items()}
    latitude, longitude = _place(sheet)
    return {
        "id": sheet.identifiers("vacancy"),
        "band": tuple(row.tobytes() for row in band),
        "importance": tuple(row.tobytes() for row in importance.astype("<f4")),
        "seats": tuple(int(n) for n in np.where(np.isnan(seats), 1, seats)),
        "certificates": _keys(sheet, "certificates", vocabulary.certificates, ""),
        "demands": _keys(sheet, "demands", vocabulary.limits, ""),
        **{name: tuple(int(n) for n in np.nan_to_num(values)) for name, values in levels.items()},
        **_hours(sheet),
        "sector": _keys(sheet, "sector", vocabulary.sectors, ""),
        "latitude": latitude,
        "longitude": longitude,
        "remote": tuple(sheet.flags("remote").tolist()),
    }


def _attributes(sheet: Sheet) -> dict[str, tuple]:
    vocabulary = content.load().vocabulary
    levels = {name: sheet.numbers(name, 0, top, whole=True) for name, top in content.HIGHEST.items()}
    latitude, longitude = _place(sheet)
    return {
        "certificates": _keys(sheet, "certificates", vocabulary.certificates, None),
        "limits": _keys(sheet, "limits", vocabulary.limits, ""),
        **{name: tuple(None if np.isnan(n) else int(n) for n in values) for name, values in levels.items()},
        **_hours(sheet),
        "sectors": _keys(sheet, "sectors", vocabulary.sectors, ""),
        "latitude": latitude,
        "longitude": longitude,
        "reach_km": _known(sheet.numbers("reach_km", 0, 25_000)),
    }


def _skills(
    sheet: Sheet, part: str, skills: tuple[str, ...], low: float, high: float, whole: bool = False
) -> NDArray[np.float64]:
    return np.stack([sheet.numbers(f"{part}_{skill}", low, high, whole) for skill in skills], axis=1)


def _covariances(sheet: Sheet, rows: NDArray[np.intp], sd: NDArray[np.float64]) -> list[bytes | None]:
    """Return the covariance of every row as stored; one that is none, or does not belong to the sds, is a fault."""
    blobs: list[bytes | None] = [None] * sheet.rows
    if not sheet.has("covariance"):
        return blobs
    size = sd.shape[1]
    expected = f"{size * (size + 1) // 2} float32 numbers, a covariance whose diagonal is sd squared"
    for row in rows:
        blob = sheet.table.column("covariance")[int(row)].as_py()
        if blob is not None and not _is_covariance(blob, sd[row]):
            sheet.fault("covariance", int(row), f"{len(blob)} bytes", expected)
        blobs[row] = blob
    return blobs


def _is_covariance(blob: bytes | str, sd: NDArray[np.float64]) -> bool:
    size = len(sd)
    if not isinstance(blob, bytes) or len(blob) != 4 * size * (size + 1) // 2:
        return False
    matrix = people_store.unpack_triangle(blob, size).astype(np.float64)
    if not np.all(np.isfinite(matrix)) or not np.allclose(np.diag(matrix), sd**2, rtol=1e-3, atol=1e-6):
        return False
    return bool(np.linalg.eigvalsh(matrix)[0] > -1e-4)


def _known(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def _hours(sheet: Sheet) -> dict[str, tuple[float | None, ...]]:
    least, most = sheet.numbers("hours_min", 0, 168), sheet.numbers("hours_max", 0, 168)
    for row in np.flatnonzero(least > most):
        sheet.fault("hours_min", int(row), float(least[row]), f"at most hours_max, {most[row]:g}")
    return {"hours_min": _known(least), "hours_max": _known(most)}


def _place(sheet: Sheet) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    north, east = sheet.numbers("latitude", -90, 90), sheet.numbers("longitude", -180, 180)
    for row in np.flatnonzero(np.isnan(north) != np.isnan(east)):
        sheet.faults.append(f"row {row + 1}: expected latitude and longitude, or neither")
    return _known(north), _known(east)


def _keys(sheet: Sheet, column: str, known: Collection[str], absent: str | None) -> tuple[str | None, ...]:
    """Return a column of keys joined by ";"; an unknown key is a fault."""

    def right(text: str) -> bool:
        return all(key in known for key in text.split(";")) if text else True

    texts = sheet.texts(column, right, f"keys out of {', '.join(known)}, joined by ;")
    return tuple(absent if text is None else text for text in texts)


def matches(pool: Pool, vacancies: Vacancies, ranking: Ranking) -> pa.Table:
    """Return a ranking as rows: who, what, position, fit, reasons, gaps, share measured and what could not be checked.

    Reasons are the up to three skills that contribute most, gaps those that cost most. Rows follow the ranking.
    """
    row, place = np.nonzero(ranking.ids >= 0)
    ids = ranking.ids[row, place]
    person, vacancy = (ids, row) if ranking.side == "vacancies" else (row, ids)
    notes = _highlights(pool, vacancies, person, vacancy)
    unknown = [";".join(unknown_gates(flags)) for flags in range(1 << len(GATES))]
    who, what = np.array(pool.people, dtype=object)[person], np.array(vacancies.vacancies, dtype=object)[vacancy]
    sides = [("vacancy", what), ("person", who)]
    first, second = sides if ranking.side == "vacancies" else sides[::-1]
    return pa.table(
        {
            first[0]: pa.array(first[1], pa.string()),
            "position": pa.array(place + 1, pa.int32()),
            second[0]: pa.array(second[1], pa.string()),
            "fit": pa.array(ranking.fit[row, place], pa.float32(), from_pandas=True),
            "reasons": pa.array([_joined(note.reasons) for note in notes], pa.string()),
            "gaps": pa.array([_joined(note.gaps) for note in notes], pa.string()),
            "measured": pa.array([note.measured for note in notes], pa.float32()),
            "unknown": pa.array([unknown[flags] for flags in ranking.unknown[row, place]], pa.string()),
        }
    )


def _highlights(
    pool: Pool, vacancies: Vacancies, person: NDArray[np.integer], vacancy: NDArray[np.integer]
) -> list[Highlights]:
    """Return the highlights of many pairs, a bounded number at a time."""
    starts = range(0, len(person), PAIRS_AT_ONCE)
    some = (slice(start, start + PAIRS_AT_ONCE) for start in starts)
    return [each for part in some for each in highlights(pool, vacancies, person[part], vacancy[part])]


def _joined(shares: tuple[Share, ...]) -> str:
    return ";".join(share.skill for share in shares)
