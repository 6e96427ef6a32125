"""People and their passports in the database: single rows as entities, many rows as matrices by Core select.

Every read takes `visible`, a select of the ids the actor may know (`api.access.visible_people`), so that nobody is read
round the visibility rule. Writes take ids that such a read has answered, or make new people.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from api.store.tables import PassportRow, Person

ATTRIBUTES = (
    "certificates",
    "limits",
    "education",
    "dutch",
    "english",
    "hours_min",
    "hours_max",
    "sectors",
    "latitude",
    "longitude",
    "reach_km",
)
CHUNK = 5_000  # rows an insert statement; bounds memory, not speed


@dataclass(frozen=True, slots=True)
class People:
    """Many people as columns: skill vectors of shape (people, skills) and the attribute columns as read."""

    people: tuple[str, ...]
    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    own_information: NDArray[np.float32]
    attributes: Mapping[str, tuple[Any, ...]]
    covariance: tuple[bytes | None, ...] = ()  # packed triangles; only files bring them along


def new_id() -> str:
    """Return a new opaque identifier."""
    return secrets.token_hex(16)


def pack_triangle(covariance: NDArray[np.float32]) -> bytes:
    """Return the upper triangle of a covariance of shape (skills, skills), row by row, as little-endian float32."""
    rows, columns = np.triu_indices(len(covariance))
    return covariance[rows, columns].astype("<f4").tobytes()


def unpack_triangle(blob: bytes, size: int) -> NDArray[np.float32]:
    """Return the symmetric covariance of shape (size, size) whose upper triangle was packed."""
    covariance = np.empty((size, size), dtype=np.float32)
    rows, columns = np.triu_indices(size)
    covariance[rows, columns] = covariance[columns, rows] = vector(blob, size * (size + 1) // 2)
    return covariance


def vector(blob: bytes, size: int) -> NDArray[np.float32]:
    """Return a stored skill vector of shape (size,); raises ValueError when the blob has another length."""
    values = np.frombuffer(blob, dtype="<f4")
    if len(values) != size:
        raise ValueError(f"a vector of {len(values)} values came, {size} were expected")
    return values


def insert_people(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert people; rows are column values by name, absent ones take their default."""
    now = dt.datetime.now(dt.UTC)
    unknown = dict.fromkeys(ATTRIBUTES) | {"limits": "", "sectors": ""}
    base = unknown | {"organisation_id": None, "visible": False, "version": 1, "created_at": now}
    _insert(session, Person, [base | dict(row) for row in rows])


def insert_passports(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert passports and make them the current ones of their people; rows are column values by name."""
    now = dt.datetime.now(dt.UTC)
    base = {"assessment_id": None, "covariance": None, "current": True, "created_at": now}
    people = [row["person_id"] for row in rows]
    for some in _parts(people, 500):
        session.execute(
            update(PassportRow).where(PassportRow.person_id.in_(some), PassportRow.current).values(current=False)
        )
    _insert(session, PassportRow, [base | {"id": new_id()} | dict(row) for row in rows])


def one(session: Session, visible: Select[tuple[str]], person_id: str) -> Person | None:
    """Return the person, or None when there is none or the actor may not know her."""
    query = select(Person).where(Person.id == person_id, Person.id.in_(visible))
    return session.scalars(query).one_or_none()


def page(session: Session, visible: Select[tuple[str]], after: str, limit: int) -> list[Person]:
    """Return at most `limit` people in order of id, those after `after`."""
    query = select(Person).where(Person.id.in_(visible), Person.id > after).order_by(Person.id).limit(limit)
    return list(session.scalars(query))


def known(session: Session, ids: Sequence[str]) -> list[str]:
    """Return those of some ids that are taken, whoever may see them: for loading, never for answering."""
    return [
        person for some in _parts(ids, 500) for person in session.scalars(select(Person.id).where(Person.id.in_(some)))
    ]


def identifiers(session: Session, visible: Select[tuple[str]], among: Sequence[str] | None = None) -> list[str]:
    """Return the visible ids in order, or those of `among` that are visible in the order they were asked."""
    if among is None:
        return sorted(session.scalars(visible))
    found: set[str] = set()
    for some in _parts(among, 500):
        found.update(session.scalars(select(Person.id).where(Person.id.in_(visible), Person.id.in_(some))))
    return [person for person in among if person in found]


def change(session: Session, person: Person, **values: Any) -> bool:
    """Write values to a person and count up the version; False when somebody else was first."""
    query = update(Person).where(Person.id == person.id, Person.version == person.version)
    changed = session.execute(query.values(**values, version=person.version + 1)).rowcount == 1
    session.refresh(person)
    return changed


def newest_passport(session: Session, visible: Select[tuple[str]], person_id: str) -> PassportRow | None:
    """Return the current passport of a visible person, or None."""
    query = select(PassportRow).where(
        PassportRow.person_id == person_id, PassportRow.person_id.in_(visible), PassportRow.current
    )
    return session.scalars(query).one_or_none()


def columns(
    session: Session,
    visible: Select[tuple[str]],
    *,
    framework: str,
    size: int,
    among: Sequence[str] | None = None,
) -> People:
    """Read all visible people with a current passport of this framework version, in order of id.

    `among` restricts to some ids (at most a few hundred), `size` is the number of skills.
    """
    wanted = (Person.id, PassportRow.mean, PassportRow.sd, PassportRow.own_information)
    attributes = [getattr(Person, name) for name in ATTRIBUTES]
    query = (
        select(*wanted, *attributes)
        .join(PassportRow, PassportRow.person_id == Person.id)
        .where(Person.id.in_(visible), PassportRow.current, PassportRow.framework == framework)
        .order_by(Person.id)
    )
    if among is not None:
        query = query.where(Person.id.in_(among))
    return _people(list(session.execute(query)), size)


def covariances(
    session: Session, visible: Select[tuple[str]], among: Sequence[str], size: int
) -> dict[str, NDArray[np.float32]]:
    """Return the covariance of some visible people by id, of shape (size, size); those without one are left out."""
    found: dict[str, NDArray[np.float32]] = {}
    whole = size * (size + 1) // 2 * 4  # bytes; a triangle of another framework is as good as none
    for some in _parts(among, 500):
        query = select(PassportRow.person_id, PassportRow.covariance).where(
            PassportRow.person_id.in_(visible), PassportRow.person_id.in_(some), PassportRow.current
        )
        rows = session.execute(query.where(PassportRow.covariance.is_not(None)))
        found.update((person, unpack_triangle(blob, size)) for person, blob in rows if len(blob) == whole)
    return found


def _people(rows: list[tuple[Any, ...]], size: int) -> People:
    if not rows:
        nothing = np.empty((0, size), dtype=np.float32)
        return People((), nothing, nothing, nothing, dict.fromkeys(ATTRIBUTES, ()))
    ids, mean, sd, own, *rest = zip(*rows, strict=True)
    return People(
        ids, _matrix(mean, size), _matrix(sd, size), _matrix(own, size), dict(zip(ATTRIBUTES, rest, strict=True))
    )


def _matrix(blobs: Iterable[bytes], size: int) -> NDArray[np.float32]:
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, size)


def _insert(session: Session, table: type, rows: Sequence[Mapping[str, Any]]) -> None:
    for some in _parts(rows, CHUNK):
        session.execute(insert(table), some)


def _parts(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
