"""Calibrate the item bank from a file of answers: read it, grade it by the key, estimate, write what the loader reads.

Items with too few answers keep the numbers they had. The file that is written names every item of the bank; laid down
as `passport/content/parameters.csv` it makes the calibrated bank.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.errors import FileFault
from api.services import files
from api.services.files import Sheet
from passport import ContentError, ItemBank, SkillFramework
from passport._content import PARAMETER_COLUMNS, read_parameters
from passport.framework import CONTENT
from passport.mirt import ENOUGH, BankEstimate, estimate_bank
from passport.model import CATEGORIES

COLUMNS = ("person", "item", "option")
LONGEST = 86_400.0  # seconds of one answer; more is a broken clock
DECIMALS = 4
STEPS, SECONDS = (-6.0, 6.0), (1.0, 120.0)  # what the loader takes


class State(StrEnum):
    """Where the numbers of an item come from."""

    CALIBRATED = "calibrated"  # from these answers
    ANCHORED = "anchored"  # from the anchor file, kept to hold the scale
    EARLIER = "earlier"  # from an earlier calibration, because these answers are too few
    TOO_FEW = "too-few"  # from experts, because these answers are too few
    UNUSABLE = "unusable"  # from before, because what was found lies outside what the bank takes


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Graded answers of a file.

    grades int8 (people, items), -1 = not asked or skipped; asked int64 (items,), how many saw each item, skipped or
    not; seconds float64 (items,), the median of those who answered, NaN when the file has no times.
    """

    grades: NDArray[np.int8]
    asked: NDArray[np.int64]
    seconds: NDArray[np.float64]

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.grades)

    @property
    def answered(self) -> NDArray[np.int64]:
        """How many answered each item, of shape (items,)."""
        return np.asarray((self.grades >= 0).sum(axis=0), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a calibration starts: a bank, which items keep their numbers, how many answers its numbers rest on."""

    bank: ItemBank
    anchored: NDArray[np.bool_]
    answers: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A calibrated bank with what it came from; `answers` int64 (items,) is what each item's numbers rest on."""

    bank: ItemBank
    framework: SkillFramework
    start: Start
    given: Answers
    found: BankEstimate
    states: tuple[State, ...]
    answers: NDArray[np.int64]
    enough: int


def read_answers(path: Path, bank: ItemBank) -> Answers:
    """Read and grade answers; raises FileFault naming every row and column that cannot be used.

    Columns: person, item, option (0 to 3 as written in the content file, empty = skipped); seconds when it is there.
    """
    sheet = files.read(path)
    sheet.require(COLUMNS)
    person, people = sheet.codes("person")
    code, names = sheet.codes("item", set(bank.items).__contains__, f"an item of the bank {bank.version}")
    option = sheet.numbers("option", 0, CATEGORIES - 1, whole=True)
    seconds = sheet.numbers("seconds", 0.0, LONGEST)
    rows = {item: row for row, item in enumerate(bank.items)}
    item = np.array([*(rows.get(name, -1) for name in names), -1])[code]
    _refuse_twice(sheet, person, item, bank)
    sheet.check()
    if not len(item):
        raise FileFault(f"{sheet.name}: expected at least one answer, got none")
    told = ~np.isnan(option)
    keys = np.array([content.key for content in bank.contents], dtype=np.int8)
    grades = np.full((len(people), len(bank.items)), -1, dtype=np.int8)
    grades[person[told], item[told]] = keys[item[told], option[told].astype(np.intp)]
    timed = told & ~np.isnan(seconds)
    return Answers(grades, np.bincount(item, minlength=len(rows)), _medians(item[timed], seconds[timed], len(rows)))


def _refuse_twice(sheet: Sheet, person: NDArray[np.int64], item: NDArray[np.int64], bank: ItemBank) -> None:
    pairs = person * len(bank.items) + item
    _, first = np.unique(pairs, return_index=True)
    again = np.ones(len(pairs), dtype=bool)
    again[first] = False
    for row in np.flatnonzero(again & (person >= 0) & (item >= 0)):
        sheet.fault("item", int(row), bank.items[item[row]], "an item once for every person")


def _medians(group: NDArray[np.int64], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the median of the values of every group, NaN for an empty one, of shape (groups,)."""
    order = np.argsort(group, kind="stable")
    parts = np.split(values[order], np.cumsum(np.bincount(group, minlength=groups))[:-1])
    return np.array([np.median(part) if len(part) else np.nan for part in parts])


def start_from(bank: ItemBank, framework: SkillFramework, anchor: Path | None = None, folder: Path = CONTENT) -> Start:
    """Return where to start: the bank as it is, or with the calibrated items of an earlier parameters file as anchors.

    `folder` is where the bank was loaded from. Raises FileFault when the anchor file is broken, holds no calibrated
    item, or says that an item is about other skills than the bank says.
    """
    count, anchored = np.zeros(len(bank.items), dtype=np.int64), np.zeros(len(bank.items), dtype=bool)
    if bank.calibrated.any():
        for name, (_, answers) in _calibrated(folder / "parameters.csv", bank, framework).items():
            count[bank.row(name)] = answers
    if anchor is None:
        return Start(bank, anchored, count)
    slopes, steps, seconds = bank.slopes.copy(), bank.steps.copy(), bank.seconds.copy()
    for name, (numbers, answers) in _calibrated(anchor, bank, framework).items():
        row = bank.row(name)
        slopes[row], steps[row], seconds[row] = 0.0, numbers["steps"], numbers["seconds"]
        for skill, slope in numbers["slopes"].items():
            slopes[row, framework.row(skill)] = slope
        if np.any((slopes[row] > 0) != (bank.slopes[row] > 0)):
            raise FileFault(f"{anchor.name}: item {name}: expected the skills that this item has in the bank")
        anchored[row], count[row] = True, answers
    if not anchored.any():
        raise FileFault(f"{anchor.name}: expected at least one calibrated item to anchor on, got none")
    calibrated = bank.calibrated | anchored
    return Start(replace(bank, slopes=slopes, steps=steps, seconds=seconds, calibrated=calibrated), anchored, count)


def _calibrated(path: Path, bank: ItemBank, framework: SkillFramework) -> dict[str, tuple[dict[str, Any], int]]:
    """Return the numbers of the calibrated items of a parameters file, and how many answers they rest on."""
    if not path.is_file():
        raise FileFault(f"{path}: there is no such file")
    try:
        found = read_parameters(path, framework, set(bank.items))
        with path.open(encoding="utf-8", newline="") as file:
            counts = {row["item"]: row["answers"] or "" for row in csv.DictReader(file)}
    except (ContentError, UnicodeDecodeError, csv.Error) as error:
        raise FileFault(f"{path.name}: {str(error).removeprefix(f'{path.name}: ')}") from error
    found = {item: numbers for item, numbers in found.items() if numbers["calibrated"]}
    for item in found:
        if not re.fullmatch("[0-9]{1,9}", counts[item]):
            raise FileFault(f"{path.name}: item {item}: field answers: expected a whole number, got {counts[item]!r}")
    return {item: (numbers, int(counts[item])) for item, numbers in found.items()}


def calibrate(
    given: Answers,
    start: Start,
    framework: SkillFramework,
    *,
    enough: int = ENOUGH,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Estimate the items that have `enough` answers and are no anchors; all others keep their numbers."""
    found = estimate_bank(
        given.grades, start.bank, framework, anchored=start.anchored, enough=enough, progress=progress
    )
    answered = given.answered
    free = (answered >= enough) & ~start.anchored
    usable = np.all((found.bank.steps >= STEPS[0]) & (found.bank.steps <= STEPS[1]), axis=1)
    fresh = free & usable
    timed = (answered >= enough) & ~np.isnan(given.seconds)
    seconds = np.where(timed, np.clip(given.seconds, *SECONDS), start.bank.seconds)
    bank = replace(
        found.bank,
        slopes=np.round(np.where(fresh[:, None], found.bank.slopes, start.bank.slopes), DECIMALS),
        steps=np.round(np.where(fresh[:, None], found.bank.steps, start.bank.steps), DECIMALS),
        seconds=np.round(seconds, DECIMALS),
        calibrated=fresh | start.bank.calibrated,
    )
    states = tuple(_state(row, start, fresh, free) for row in range(len(bank.items)))
    answers = np.where(start.bank.calibrated & ~fresh, start.answers, answered)
    return Calibration(bank, framework, start, given, found, states, answers, enough)


def _state(row: int, start: Start, fresh: NDArray[np.bool_], free: NDArray[np.bool_]) -> State:
    if start.anchored[row]:
        return State.ANCHORED
    if fresh[row]:
        return State.CALIBRATED
    if free[row]:
        return State.UNUSABLE
    return State.EARLIER if start.bank.calibrated[row] else State.TOO_FEW


def loads(made: Calibration, row: int) -> tuple[int, int | None]:
    """Return the columns of the skill an item was written for and of its second skill, None without one."""
    own = made.framework.row(made.bank.contents[row].skill)
    others = [int(skill) for skill in np.flatnonzero(made.bank.slopes[row]) if skill != own]
    return own, others[0] if others else None


def parameters(made: Calibration) -> str:
    """Return the numbers of all items as the text of a parameters file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PARAMETER_COLUMNS)
    bank, skills = made.bank, made.framework.skills
    for row, item in enumerate(bank.items):
        own, second = loads(made, row)
        pair = ("", "") if second is None else (skills[second], f"{bank.slopes[row, second]:g}")
        numbers = [f"{value:g}" for value in (*bank.steps[row], bank.seconds[row])]
        flag = "true" if bank.calibrated[row] else "false"
        writer.writerow(
            [item, skills[own], f"{bank.slopes[row, own]:g}", *pair, *numbers, flag, int(made.answers[row])]
        )
    return text.getvalue()
