"""The tables the generator draws from: occupations, demands, certificates, limits and places, as arrays."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CONTENT = HERE.parent.parent / "api" / "content"
PLACES = HERE / "places.csv"
SECTORS = ("energy", "healthcare", "industry")
LEVELS = ("education", "dutch", "english")
OFFICE = ("1", "2", "3", "4")  # major groups of ISCO-08: managers, professionals, technicians, clerks


@dataclass(frozen=True, slots=True)
class Places:
    """Places with their centre in degrees; `areas`, the number of postcode areas, stands for size."""

    names: tuple[str, ...]
    location: np.ndarray  # f8 (places, 2)
    areas: np.ndarray  # f8 (places,)


@dataclass(frozen=True, slots=True)
class Content:
    """What occupations ask, row by row; columns follow `skills`, `certificates`, `limits` and LEVELS."""

    skills: tuple[str, ...]
    certificates: tuple[str, ...]
    limits: tuple[str, ...]
    occupations: tuple[str, ...]
    titles: tuple[str, ...]
    sector: np.ndarray  # i8 (occupations,), row of SECTORS
    office: np.ndarray  # bool (occupations,): partly desk work, which can be done from elsewhere
    band: np.ndarray  # i8 (occupations, skills)
    importance: np.ndarray  # f8 (occupations, skills)
    needs: np.ndarray  # bool (occupations, certificates)
    demands: np.ndarray  # bool (occupations, limits)
    levels: np.ndarray  # i8 (occupations, 3)
    hours: np.ndarray  # f8 (occupations, 2)
    places: Places


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _mask(joined: list[str], keys: tuple[str, ...], column: str) -> np.ndarray:
    mask = np.zeros((len(joined), len(keys)), dtype=bool)
    for row, text in enumerate(joined):
        for key in filter(None, text.split(";")):
            if key not in keys:
                raise ValueError(
                    f"occupation_demands.csv, column {column}: key {key!r} came, one of {keys} was expected"
                )
            mask[row, keys.index(key)] = True
    return mask


def load_places(path: Path = PLACES) -> Places:
    """Read a table of places with the columns place, latitude, longitude (degrees) and areas."""
    rows = _rows(path)
    location = np.array([[float(row["latitude"]), float(row["longitude"])] for row in rows])
    return Places(tuple(row["place"] for row in rows), location, np.array([float(row["areas"]) for row in rows]))


def load_content(skills: tuple[str, ...], folder: Path = CONTENT, places: Path = PLACES) -> Content:
    """Read the application's content tables as plain files. Raises ValueError on a key that no table knows."""
    asked = _rows(folder / "occupations.csv")
    names = tuple(dict.fromkeys(row["occupation"] for row in asked))
    first = {row["occupation"]: row for row in reversed(asked)}
    band = np.zeros((len(names), len(skills)), dtype=np.int64)
    importance = np.zeros(band.shape)
    for row in asked:
        cell = names.index(row["occupation"]), skills.index(row["skill"])
        band[cell], importance[cell] = int(row["band"]), float(row["importance"])
    formal = {row["occupation"]: row for row in _rows(folder / "occupation_demands.csv")}
    certificates = tuple(row["key"] for row in _rows(folder / "certificates.csv"))
    limits = tuple(row["key"] for row in _rows(folder / "limits.csv"))
    needs = _mask([formal[name]["certificates"] for name in names], certificates, "certificates")
    demands = _mask([formal[name]["demands"] for name in names], limits, "demands")
    return Content(
        skills=skills,
        certificates=certificates,
        limits=limits,
        occupations=names,
        titles=tuple(first[name]["label_en"] for name in names),
        sector=np.array([SECTORS.index(first[name]["sector"]) for name in names]),
        office=np.array([first[name]["isco08"][0] in OFFICE for name in names]) & (demands.sum(axis=1) <= 1),
        band=band,
        importance=importance,
        needs=needs,
        demands=demands,
        levels=np.array([[int(formal[name][level] or 0) for level in LEVELS] for name in names]),
        hours=np.array([[float(formal[name]["hours_min"]), float(formal[name]["hours_max"])] for name in names]),
        places=load_places(places),
    )


def joined(mask: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    """Return for every row of a boolean mask of shape (rows, keys) its keys joined by ";", as an object array."""
    patterns, inverse = np.unique(mask, axis=0, return_inverse=True)
    texts = [";".join(key for key, held in zip(keys, pattern, strict=True) if held) for pattern in patterns]
    return np.array(texts, dtype=object)[inverse.reshape(-1)]


def scatter(places: Places, row: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return locations f4 of shape (rows, 2) around the centres of places; larger places spread wider.

    `normal` holds standard normal draws of shape (rows, 2). The spread is 0.4 km times the root of the number of
    postcode areas, cut at two such steps; degrees are rounded to about a hundred metres: nobody here needs a house.
    """
    spread_km = 0.4 * np.sqrt(places.areas[row])[:, None] * np.clip(normal, -2, 2)
    degrees = spread_km / np.array([111.2, 69.3])  # km per degree of latitude, and of longitude at 51.4 degrees north
    return np.round(places.location[row] + degrees, 3).astype(np.float32)
