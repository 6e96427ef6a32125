"""The item bank: scenario items as arrays for the engine and as texts for people, loaded from content files and
checked.

One TOML file a skill lies in `content/items/`; numbers found by calibration lie in `content/parameters.csv` and
replace the expert values of the items they name. A file that cannot be used is refused with the file, the item and
the field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport._content import read_items, read_parameters
from passport.errors import ContentError, FrameworkMismatch
from passport.framework import CONTENT, SkillFramework, load_framework
from passport.model import CATEGORIES, offsets


@dataclass(frozen=True, slots=True)
class ItemText:
    """What a person reads, in one language."""

    scene: str
    question: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemContent:
    """One item as written: `key[i]` is the grade of option i. Keys and reasons never leave the server."""

    id: str
    skill: str
    setting: str
    texts: Mapping[str, ItemText]
    key: tuple[int, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ItemBank:
    """Items as arrays; row i of every array is item `items[i]`.

    slopes: float64 (items, skills), 0 = the item says nothing about the skill, at most two non-zero a row.
    steps: float64 (items, 3), difficulty of each next grade on the latent scale, NaN padded for fewer grades.
    seconds: float64 (items,), median time to read and answer. calibrated: bool (items,), False = an expert's value.
    main_skill: derived, intp (items,), the skill each item is about: the column of its largest slope.
    offset: derived, float64 (items, 4), what `model.probabilities` needs.
    """

    framework: str
    version: str
    items: tuple[str, ...]
    slopes: npt.NDArray[np.float64]
    steps: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float64]
    calibrated: npt.NDArray[np.bool_]
    contents: tuple[ItemContent, ...] = ()
    main_skill: npt.NDArray[np.intp] = field(init=False, repr=False)
    offset: npt.NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = len(self.items)
        if len(set(self.items)) != n:
            raise ValueError("items: expected no doubles")
        for name, dtype, shape in (
            ("slopes", np.float64, (n, None)),
            ("steps", np.float64, (n, CATEGORIES - 1)),
            ("seconds", np.float64, (n,)),
            ("calibrated", np.bool_, (n,)),
        ):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, shape, name))
        loads = np.count_nonzero(self.slopes, axis=1)
        if not np.all(np.isfinite(self.slopes)) or np.any(self.slopes < 0) or np.any((loads < 1) | (loads > 2)):
            raise ValueError("slopes: expected finite numbers >= 0 with one or two above 0 in every row")
        finite = np.isfinite(self.steps)
        if not np.all(finite[:, 0]) or np.any(finite[:, 1:] & ~finite[:, :-1]) or np.any(np.isinf(self.steps)):
            raise ValueError("steps: expected at least one number a row, NaN only as padding at the end")
        if not np.all(self.seconds > 0) or not np.all(np.isfinite(self.seconds)):
            raise ValueError("seconds: expected finite numbers above 0")
        if self.contents and tuple(content.id for content in self.contents) != self.items:
            raise ValueError("contents: expected one for every item, in the same order")
        object.__setattr__(self, "main_skill", frozen(np.argmax(self.slopes, axis=1), np.intp, (n,), "main_skill"))
        object.__setattr__(self, "offset", frozen(offsets(self.slopes, self.steps), np.float64, (n, None), "offset"))

    def row(self, item: str) -> int:
        """Return the row of `item`; raises KeyError for an unknown one."""
        try:
            return self.items.index(item)
        except ValueError:
            raise KeyError(f"unknown item {item!r} in bank {self.version}") from None


@cache
def load_items(folder: Path | None = None, framework: SkillFramework | None = None) -> ItemBank:
    """Load every item of the content folder (`items/*.toml`, `parameters.csv`); one skill a file.

    The version is made of the content itself, so that two banks with one version are equal. Raises ContentError naming
    file, item and field for anything missing, unknown or out of range, and for a skill without any item.
    """
    folder = folder or CONTENT
    framework = framework or load_framework()
    written = read_items(folder / "items", framework)
    if not written:
        raise ContentError(f"{folder.name}: expected item files in the folder items, found none")
    missing = sorted(set(framework.skills) - {row["skill"] for row in written})
    if missing:
        raise ContentError(f"{folder.name}/items: expected items for every skill, found none for {', '.join(missing)}")
    parameters = read_parameters(folder / "parameters.csv", framework, {row["id"] for row in written})
    numbers = [parameters.get(row["id"], row["expert"]) for row in written]
    slopes = np.zeros((len(written), len(framework.skills)))
    for i, number in enumerate(numbers):
        for skill, slope in number["slopes"].items():
            slopes[i, framework.row(skill)] = slope
    return ItemBank(
        framework=framework.version,
        version=_fingerprint(written, numbers),
        items=tuple(row["id"] for row in written),
        slopes=slopes,
        steps=np.array([number["steps"] for number in numbers]),
        seconds=np.array([number["seconds"] for number in numbers]),
        calibrated=np.array([number["calibrated"] for number in numbers]),
        contents=tuple(_content(row) for row in written),
    )


def require_same_framework(bank: ItemBank, framework: SkillFramework) -> None:
    """Raise FrameworkMismatch unless `bank` was made for `framework`."""
    if bank.framework != framework.version or bank.slopes.shape[1] != len(framework.skills):
        raise FrameworkMismatch(
            f"the bank belongs to framework {bank.framework} with {bank.slopes.shape[1]} skills, "
            f"expected {framework.version} with {len(framework.skills)}"
        )


def _content(row: dict[str, object]) -> ItemContent:
    texts = {lang: ItemText(**text) for lang, text in row["texts"].items()}  # type: ignore[attr-defined]
    names = ("id", "skill", "setting", "key", "reasons")
    return ItemContent(texts=texts, **{name: row[name] for name in names})  # type: ignore[arg-type]


def _fingerprint(written: list[dict[str, object]], numbers: list[dict[str, object]]) -> str:
    text = json.dumps([written, numbers], sort_keys=True, ensure_ascii=False)
    return f"bank-{len(written)}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
