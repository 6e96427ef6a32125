"""From rows to the matching core: people become a Pool, vacancies become Vacancies; unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.store.people import People
from matching import Attributes, Pool, Requirements, Vacancies

UNKNOWN_LEVEL = -1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The mask of every key: what a text in a row means in the matching core."""

    certificates: Mapping[str, int]
    limits: Mapping[str, int]
    sectors: Mapping[str, int]


def pool(people: People, skills: tuple[str, ...], vocabulary: Vocabulary) -> Pool:
    """Return the Pool of people as read; a skill counts as measured when it has information of its own."""
    columns = people.attributes
    certificates = columns["certificates"]
    attributes = Attributes(
        certificates=masks(certificates, vocabulary.certificates, np.uint64),
        certificates_known=np.array([held is not None for held in certificates], dtype=np.bool_),
        limits=masks(columns["limits"], vocabulary.limits, np.uint64),
        levels=_levels(columns, UNKNOWN_LEVEL),
        hours=_floats(columns["hours_min"], columns["hours_max"]),
        sectors=masks(columns["sectors"], vocabulary.sectors, np.uint32),
        location=_places(columns),
        reach_km=_floats(columns["reach_km"])[:, 0],
    )
    return Pool(
        people=people.people,
        skills=skills,
        mean=people.mean,
        sd=people.sd,
        attributes=attributes,
        measured=people.own_information > 0,
    )


def vacancies(columns: Mapping[str, Sequence[Any]], skills: tuple[str, ...], vocabulary: Vocabulary) -> Vacancies:
    """Return the Vacancies of columns as read by `api.store.vacancies.columns`."""
    size = len(skills)
    requirements = Requirements(
        certificates=masks(columns["certificates"], vocabulary.certificates, np.uint64),
        demands=masks(columns["demands"], vocabulary.limits, np.uint64),
        levels=_levels(columns, 0),
        hours=_floats(columns["hours_min"], columns["hours_max"]),
        sector=masks(columns["sector"], vocabulary.sectors, np.uint32),
        location=_places(columns),
        remote=np.array(columns["remote"], dtype=np.bool_),
    )
    return Vacancies(
        vacancies=tuple(columns["id"]),
        skills=skills,
        band=np.frombuffer(b"".join(columns["band"]), dtype=np.int8).reshape(-1, size),
        importance=np.frombuffer(b"".join(columns["importance"]), dtype="<f4").reshape(-1, size),
        seats=np.array(columns["seats"], dtype=np.int32),
        requirements=requirements,
    )


def masks(texts: Iterable[str | None], keys: Mapping[str, int], dtype: type[np.unsignedinteger]) -> NDArray[Any]:
    """Return the bits of keys joined by ";", one a text; None is 0, and so is a key that no longer exists."""
    known: dict[str | None, int] = {None: 0}
    return np.array([_mask(text, keys, known) for text in texts], dtype=dtype)


def _mask(text: str | None, keys: Mapping[str, int], known: dict[str | None, int]) -> int:
    if text not in known:
        known[text] = sum(keys.get(key, 0) for key in set(text.split(";")))
    return known[text]


def _levels(columns: Mapping[str, Sequence[int | None]], unknown: int) -> NDArray[np.int8]:
    names = ("education", "dutch", "english")
    held = [[unknown if level is None else level for level in columns[name]] for name in names]
    return np.array(held, dtype=np.int8).T.reshape(-1, len(names))


def _floats(*columns: Sequence[float | None]) -> NDArray[np.float32]:
    values = [[np.nan if value is None else value for value in column] for column in columns]
    return np.array(values, dtype=np.float32).T.reshape(-1, len(columns))


def _places(columns: Mapping[str, Sequence[float | None]]) -> NDArray[np.float32]:
    degrees = _floats(columns["latitude"], columns["longitude"])
    degrees[np.isnan(degrees).any(axis=1)] = np.nan  # half a place is no place
    return degrees
