"""Read content files and refuse broken ones, naming file, item and field."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from passport.errors import ContentError
from passport.framework import LANGUAGES, SkillFramework

SETTINGS = ("energy", "healthcare", "industry", "way-to-work")
FIELDS = {"id", "setting", "slopes", "second_reason", "steps", "seconds", "key", "reasons", *LANGUAGES}
TEXT_FIELDS = {"scene", "question", "options"}
PARAMETER_COLUMNS = (
    *("item", "skill", "slope", "second_skill", "second_slope", "step_1", "step_2", "step_3"),
    *("seconds", "calibrated", "answers"),
)


def read_items(folder: Path, framework: SkillFramework) -> list[dict[str, Any]]:
    """Return every item of every file in `folder`, in the order of the framework's skills, checked.

    Each is a dict with id, skill, setting, key, reasons, texts and expert {slopes, steps, seconds, calibrated}.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ContentError(f"{path.name}: not a TOML file in UTF-8: {error}") from error
        skill = content.get("skill")
        if skill != path.stem or skill not in framework.skills:
            raise ContentError(
                f"{path.name}: field skill: expected {path.stem!r}, a skill of the framework, got {skill!r}"
            )
        unknown = set(content) - {"skill", "item"}
        if unknown or not isinstance(content.get("item"), list):
            raise ContentError(
                f"{path.name}: expected 'skill' and a list of [[item]], got {', '.join(sorted(content))}"
            )
        found[skill] = [_item(path.name, skill, row, framework) for row in content["item"]]
    items = [item for skill in framework.skills for item in found.get(skill, [])]
    seen: set[str] = set()
    for item in items:
        if item["id"] in seen:
            raise ContentError(f"{item['skill']}.toml: item {item['id']}: field id: the same id is used twice")
        seen.add(item["id"])
    return items


def _item(file: str, skill: str, row: Any, framework: SkillFramework) -> dict[str, Any]:
    name = row.get("id") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(name, str) or not name.startswith(f"{skill}-"):
        raise ContentError(f"{file}: item {name}: field id: expected a text that begins with '{skill}-'")
    unknown = sorted(set(row) - FIELDS)
    if unknown:
        raise ContentError(f"{file}: item {name}: field {unknown[0]}: unknown")
    for field, right, expected in _rules(skill, row, framework):
        if not right:
            raise ContentError(f"{file}: item {name}: field {field}: expected {expected}, got {row.get(field)!r}")
    return {
        "id": name,
        "skill": skill,
        "setting": row["setting"],
        "key": tuple(row["key"]),
        "reasons": tuple(row["reasons"]),
        "texts": {lang: _item_text(file, name, lang, row.get(lang)) for lang in LANGUAGES},
        "expert": {
            "slopes": {s: float(v) for s, v in row["slopes"].items()},
            "steps": [float(s) for s in row["steps"]],
            "seconds": float(row["seconds"]),
            "calibrated": False,
        },
    }


def _rules(skill: str, row: dict[str, Any], framework: SkillFramework) -> Iterator[tuple[str, bool, str]]:
    """Give (field, whether it is right, what was expected) one by one: later rules may rely on the earlier ones."""
    yield "setting", row.get("setting") in SETTINGS, f"one of {', '.join(SETTINGS)}"
    slopes = row.get("slopes")
    yield "slopes", isinstance(slopes, dict) and 1 <= len(slopes) <= 2, "one or two skills with a number each"
    assert isinstance(slopes, dict)
    right = all(s in framework.skills and _number(v, 0.05, 5) for s, v in slopes.items())
    yield "slopes", right, "known skills with numbers from 0.05 to 5"
    yield "slopes", max(slopes, key=lambda s: slopes[s]) == skill, f"the largest number for {skill}"
    reasoned = _text(row["second_reason"]) if "second_reason" in row else False
    yield "second_reason", reasoned == (len(slopes) == 2), "a reason exactly when two skills are named"
    steps = row.get("steps")
    yield "steps", _numbers(steps, 3, -6, 6), "3 numbers from -6 to 6"
    yield "seconds", _number(row.get("seconds"), 1, 120), "a number from 1 to 120"
    key = row.get("key")
    yield "key", isinstance(key, list) and sorted(map(repr, key)) == ["0", "1", "2", "3"], "0, 1, 2 and 3, each once"
    yield "reasons", _texts(row.get("reasons"), 4), "four texts"


def _item_text(file: str, item: str, lang: str, text: Any) -> dict[str, Any]:
    where = f"{file}: item {item}: field {lang}"
    if not isinstance(text, dict) or set(text) != TEXT_FIELDS:
        raise ContentError(f"{where}: expected scene, question and options")
    for field in ("scene", "question"):
        if not _text(text[field]):
            raise ContentError(f"{where}.{field}: expected a text, got {text[field]!r}")
    if not _texts(text["options"], 4) or len(set(text["options"])) != 4:
        raise ContentError(f"{where}.options: expected four different texts, got {text['options']!r}")
    return {**text, "options": tuple(text["options"])}


def _number(value: Any, low: float, high: float) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )


def _numbers(value: Any, count: int, low: float, high: float) -> bool:
    return isinstance(value, list) and len(value) == count and all(_number(v, low, high) for v in value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _texts(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(map(_text, value))


def read_parameters(path: Path, framework: SkillFramework, items: set[str]) -> dict[str, dict[str, Any]]:
    """Return the calibrated numbers by item; an absent file or one with only a header means: all expert values."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != PARAMETER_COLUMNS:
            raise ContentError(
                f"{path.name}: expected the columns {', '.join(PARAMETER_COLUMNS)}, got {reader.fieldnames}"
            )
        rows = list(reader)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        item = row["item"]
        if item not in items or item in found:
            raise ContentError(f"{path.name}: item {item}: field item: expected an item of the bank, once")
        found[item] = _parameters(path.name, item, row, framework)
    return found


def _parameters(file: str, item: str, row: dict[str, str], framework: SkillFramework) -> dict[str, Any]:
    def number(field: str, low: float, high: float) -> float:
        try:
            value = float(row[field])
        except (TypeError, ValueError):
            value = math.nan
        if not low <= value <= high:
            raise ContentError(f"{file}: item {item}: field {field}: expected {low} to {high}, got {row[field]!r}")
        return value

    slopes = {row["skill"]: number("slope", 0.05, 5)}
    if row["second_skill"]:
        slopes[row["second_skill"]] = number("second_slope", 0.05, 5)
    for skill in slopes:
        if skill not in framework.skills:
            raise ContentError(f"{file}: item {item}: field skill: unknown skill {skill!r}")
    if row["calibrated"] not in ("true", "false"):
        raise ContentError(f"{file}: item {item}: field calibrated: expected true or false, got {row['calibrated']!r}")
    return {
        "slopes": slopes,
        "steps": [number(f"step_{k}", -6, 6) for k in (1, 2, 3)],
        "seconds": number("seconds", 1, 120),
        "calibrated": row["calibrated"] == "true",
    }
