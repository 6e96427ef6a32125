"""Read games.toml and refuse a broken one, naming game and field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from passport.errors import ContentError
from passport.framework import LANGUAGES, SkillFramework

FORMS = ("timed", "untimed")
NUMBERS = {  # field of a form: lowest and highest value
    "trials": (1, 400),
    "seconds": (20, 600),
    "loading": (0.05, 1),
    "reliability": (0.05, 0.99),
    "mean": (-10, 10),
    "sd": (0.001, 10),
    "floor": (-10, 10),
}


@dataclass(frozen=True, slots=True)
class GameForm:
    """One way to play a game: with a clock, or in one's own time.

    `loading` is the correlation of the error-free score with the skill, `reliability` that of the score with itself;
    `mean` and `sd` are those of the score in the reference population, all assumed. A score up to `floor` says that the
    game was not understood. `limit` is the time for one round in ms, None for no limit; `seconds` the median of the
    whole game with its instructions and practice.
    """

    instructions: Mapping[str, tuple[str, ...]]
    levels: tuple[dict[str, Any], ...]
    trials: int
    limit: float | None
    seconds: float
    loading: float
    reliability: float
    mean: float
    sd: float
    floor: float

    @property
    def slope(self) -> float:
        """The lambda of score = lambda * level + e, for a score with sd 1."""
        return float(self.loading * self.reliability**0.5)

    def error_variance(self, share: float = 1.0) -> float:
        """Return var(e): what the game has of its own, and its unreliability when `share` of it was played."""
        return self.reliability * (1 - self.loading**2) + (1 - self.reliability) / share


@dataclass(frozen=True, slots=True)
class Game:
    """One mini-game as specified; `source` says in words where the assumed numbers come from."""

    key: str
    version: str
    skill: str
    titles: Mapping[str, str]
    stimuli: str
    source: str
    practice: int
    timed: GameForm
    untimed: GameForm
    calibrated: bool

    def form(self, name: str) -> GameForm:
        """Return the form by its name; raises ValueError for an unknown one."""
        if name not in FORMS:
            raise ValueError(f"form: expected one of {', '.join(FORMS)}, got {name!r}")
        return self.timed if name == "timed" else self.untimed


def read_games(path: Path, framework: SkillFramework, plays: set[str]) -> dict[str, Game]:
    """Return all games of the file by key. Raises ContentError naming game and field."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(f"{path.name}: not a TOML file in UTF-8: {error}") from error
    games: dict[str, Game] = {}
    for row in content.get("game", []):
        key = row.get("key")
        if key not in plays or key in games:
            raise ContentError(f"{path.name}: game {key}: expected one of {', '.join(sorted(plays))}, once each")
        try:
            games[key] = _game(row, str(content["version"]), content.get("pair", []), framework)
        except KeyError as error:
            raise ContentError(f"{path.name}: game {key}: the field {error} is missing") from error
        except (TypeError, AttributeError, ValueError) as error:
            raise ContentError(f"{path.name}: game {key}: {error}") from error
    if missing := sorted(plays - set(games)):
        raise ContentError(f"{path.name}: expected a game {missing[0]}, found none")
    return games


def _game(row: dict[str, Any], version: str, pairs: list[dict[str, Any]], framework: SkillFramework) -> Game:
    if row["skill"] not in framework.skills:
        raise ValueError(f"field skill: unknown skill {row['skill']!r}")
    if row["practice"] not in (2, 3, 4):
        raise ValueError(f"field practice: expected 2, 3 or 4 rounds, got {row['practice']!r}")
    for field in ("stimuli", "source"):
        _text(row[field], field)
    return Game(
        key=row["key"],
        version=version,
        skill=row["skill"],
        titles=MappingProxyType({lang: _text(row[lang], lang) for lang in LANGUAGES}),
        stimuli=row["stimuli"],
        source=row["source"],
        practice=row["practice"],
        timed=_form(row["timed"], pairs, "timed"),
        untimed=_form(row["untimed"], pairs, "untimed"),
        calibrated=bool(row["calibrated"]),
    )


def _form(row: dict[str, Any], pairs: list[dict[str, Any]], name: str) -> GameForm:
    for field, (low, high) in NUMBERS.items():
        value = row[field]
        if not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"field {name}.{field}: expected a number from {low} to {high}, got {value!r}")
    limit = row.get("limit")
    if limit is not None and not 1_000 <= limit <= 600_000:
        raise ValueError(f"field {name}.limit: expected ms from 1000 to 600000, got {limit!r}")
    unknown = sorted(set(row) - set(NUMBERS) - {"levels", "limit", *LANGUAGES})
    if unknown or not row["levels"]:
        raise ValueError(f"field {name}.{unknown[0] if unknown else 'levels'}: unknown or empty")
    levels = [dict(level) for level in row["levels"]]
    for number, level in enumerate(levels, start=1):
        if "things" in level:
            level["pairs"] = [pair for pair in pairs if pair["level"] == number]
    return GameForm(
        instructions=MappingProxyType(
            {lang: tuple(_text(text, f"{name}.{lang}") for text in row[lang]) for lang in LANGUAGES}
        ),
        levels=tuple(levels),
        limit=limit,
        **{field: row[field] for field in NUMBERS},
    )


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"field {field}: expected a text, got {value!r}")
    return value
