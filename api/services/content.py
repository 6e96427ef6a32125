"""Occupations, certificates, limits and sectors: the shipped vocabulary, loaded once and checked row by row."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.abc import Traversable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from api.store.pool import Vocabulary
from passport import load_framework

LANGUAGES = ("en", "nl")
SECTORS: Mapping[str, int] = {"energy": 1, "healthcare": 2, "industry": 4}
HIGHEST = {"education": 8, "dutch": 6, "english": 6}  # EQF 1-8, CEFR A1-C2 as 1-6
BANDS = 5
MOST_BITS = 64

T = TypeVar("T")


class ContentError(ValueError):
    """A shipped content file is wrong; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class Term:
    """One certificate or limit: its key in files and bodies, its bit in the matching core, its labels by language."""

    key: str
    bit: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """What an occupation asks of one skill, with the source of the value."""

    skill: str
    band: int
    importance: float
    se: float | None
    source: str
    prior: bool


@dataclass(frozen=True, slots=True)
class Occupation:
    """An occupation with its usual profile and its usual formal demands (expert-set)."""

    key: str
    sector: str
    labels: Mapping[str, str]
    esco: str
    isco08: str
    onet: str
    job_zone: int | None
    asks: tuple[Ask, ...]  # in framework order, one for each skill
    certificates: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    education: int = 0
    dutch: int = 0
    english: int = 0
    hours_min: float | None = None
    hours_max: float | None = None

    @property
    def band(self) -> NDArray[np.int8]:
        """Return the asked band of every skill, 0 = not asked, int8 of shape (skills,)."""
        return np.array([ask.band for ask in self.asks], dtype=np.int8)

    @property
    def importance(self) -> NDArray[np.float32]:
        """Return the importance of every skill, summing to 1, float32 of shape (skills,)."""
        return np.array([ask.importance for ask in self.asks], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Content:
    """All of it: mappings by key, in file order."""

    occupations: Mapping[str, Occupation]
    certificates: Mapping[str, Term]
    limits: Mapping[str, Term]

    @property
    def vocabulary(self) -> Vocabulary:
        """Return the mask of every key, as the matching core wants it."""
        return Vocabulary(
            certificates={key: 1 << term.bit for key, term in self.certificates.items()},
            limits={key: 1 << term.bit for key, term in self.limits.items()},
            sectors=SECTORS,
        )


@functools.cache
def load() -> Content:
    """Return the shipped content, read once a process; raises ContentError naming file and row."""
    return read(resources.files("api") / "content", load_framework().skills)


def read(folder: Traversable, skills: tuple[str, ...]) -> Content:
    """Read and check the content files of a folder; raises ContentError naming file and row."""
    certificates = _terms(folder / "certificates.csv")
    limits = _terms(folder / "limits.csv")
    demands = _demands(folder / "occupation_demands.csv", certificates, limits)
    occupations = _occupations(folder / "occupations.csv", skills, demands)
    if strangers := set(demands) - set(occupations):
        raise ContentError(f"occupation_demands.csv: unknown occupations {sorted(strangers)}")
    return Content(occupations, certificates, limits)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a file, which knows where it stands so that every error can say so."""

    file: str
    number: int
    cells: Mapping[str, str]

    def fail(self, message: str) -> ContentError:
        return ContentError(f"{self.file}, row {self.number}: {message}")

    def text(self, column: str) -> str:
        if not (value := self.cells[column].strip()):
            raise self.fail(f"{column} is empty")
        return value

    def number_of(self, column: str, kind: Callable[[str], T], low: float, high: float) -> T:
        value = self.optional(column, kind, low, high)
        if value is None:
            raise self.fail(f"{column} is empty")
        return value

    def optional(self, column: str, kind: Callable[[str], T], low: float, high: float) -> T | None:
        if not (text := self.cells[column].strip()):
            return None
        try:
            value = kind(text)
        except ValueError:
            raise self.fail(f"{column} is {text!r}, a number was expected") from None
        if not low <= value <= high:  # type: ignore[operator]
            raise self.fail(f"{column} is {text}, {low} to {high} was expected")
        return value

    def keys(self, column: str, known: Mapping[str, Term]) -> tuple[str, ...]:
        keys = tuple(key for key in self.cells[column].strip().split(";") if key)
        if strangers := [key for key in keys if key not in known]:
            raise self.fail(f"{column} names unknown keys {strangers}")
        return keys

    def labels(self) -> dict[str, str]:
        return {language: self.text(f"label_{language}") for language in LANGUAGES}


def _rows(path: Traversable, columns: tuple[str, ...]) -> Iterator[_Row]:
    with path.open("r", encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
            raise ContentError(f"{path.name}, row 1: columns {missing} are missing")
        for cells in reader:
            if None in cells or None in cells.values():
                raise ContentError(f"{path.name}, row {reader.line_num}: wrong number of cells")
            yield _Row(path.name, reader.line_num, cells)


def _terms(path: Traversable) -> dict[str, Term]:
    terms: dict[str, Term] = {}
    for row in _rows(path, ("key", "bit", "label_en", "label_nl")):
        term = Term(row.text("key"), row.number_of("bit", int, 0, MOST_BITS - 1), row.labels())
        if term.key in terms:
            raise row.fail(f"key {term.key!r} comes twice")
        if any(term.bit == other.bit for other in terms.values()):
            raise row.fail(f"bit {term.bit} comes twice")
        terms[term.key] = term
    return terms


def _demands(path: Traversable, certificates: Mapping[str, Term], limits: Mapping[str, Term]) -> dict[str, dict]:
    columns = ("occupation", "certificates", "demands", "education", "dutch", "english", "hours_min", "hours_max")
    found: dict[str, dict] = {}
    for row in _rows(path, columns):
        key = row.text("occupation")
        if key in found:
            raise row.fail(f"occupation {key!r} comes twice")
        levels = {name: row.optional(name, int, 0, highest) or 0 for name, highest in HIGHEST.items()}
        hours = {name: row.optional(name, float, 0, 60) for name in ("hours_min", "hours_max")}
        held = {"certificates": row.keys("certificates", certificates), "demands": row.keys("demands", limits)}
        found[key] = {**held, **levels, **hours}
    return found


_ASK = ("skill", "band", "importance", "se", "source", "prior")
_ABOUT = ("occupation", "sector", "label_en", "label_nl", "esco", "isco08", "onet", "job_zone")


def _occupations(path: Traversable, skills: tuple[str, ...], demands: Mapping[str, dict]) -> dict[str, Occupation]:
    rows: dict[str, list[_Row]] = {}
    for row in _rows(path, _ABOUT + _ASK):
        rows.setdefault(row.text("occupation"), []).append(row)
    return {key: _occupation(key, group, skills, demands.get(key, {})) for key, group in rows.items()}


def _occupation(key: str, rows: list[_Row], skills: tuple[str, ...], usual: dict) -> Occupation:
    first = rows[0]
    for row in rows:
        if differing := [column for column in _ABOUT if row.cells[column] != first.cells[column]]:
            raise row.fail(f"{differing} of {key!r} differ from row {first.number}")
    if (sector := first.text("sector")) not in SECTORS:
        raise first.fail(f"sector is {sector!r}, one of {sorted(SECTORS)} was expected")
    asks = _asks(rows, skills)
    total = math.fsum(ask.importance for ask in asks)
    if not math.isclose(total, 1.0, abs_tol=1e-3):
        raise first.fail(f"the importances of {key!r} sum to {total:.4f}, 1 was expected")
    return Occupation(
        key=key,
        sector=sector,
        labels=first.labels(),
        esco=first.cells["esco"].strip(),
        isco08=first.cells["isco08"].strip(),
        onet=first.cells["onet"].strip(),
        job_zone=first.optional("job_zone", int, 1, 5),
        asks=asks,
        **usual,
    )


def _asks(rows: list[_Row], skills: tuple[str, ...]) -> tuple[Ask, ...]:
    found: dict[str, Ask] = {}
    for row in rows:
        ask = Ask(
            skill=row.text("skill"),
            band=row.number_of("band", int, 0, BANDS),
            importance=row.number_of("importance", float, 0, 1),
            se=row.optional("se", float, 0, 10),
            source=row.cells["source"].strip(),
            prior=row.text("prior") == "true",
        )
        if ask.skill not in skills or ask.skill in found:
            raise row.fail(f"skill {ask.skill!r} is unknown or comes twice")
        found[ask.skill] = ask
    return tuple(found.get(skill, Ask(skill, 0, 0.0, None, "", True)) for skill in skills)
