"""Simulated answering: people with known levels go through the real adaptive assessment, item by item."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from data.synthetic.files import ANSWERS
from data.synthetic.people import FINISHED, INVITED, PROVISIONAL, STARTED, People
from data.synthetic.streams import CHUNK, stream
from passport.adaptive import RULES, select
from passport.framework import SkillFramework
from passport.items import ItemBank
from passport.model import offsets, probabilities
from passport.passport import own_information
from passport.posterior import absorb, prior, settle

BLOCK = 250  # people answering side by side: bounds memory
SKIPPED = 0.02  # chance that an item is skipped
TIME_SPREAD = 0.35  # sd of the log of the time one answer takes, beside the person's own pace
QUICKEST = 0.8  # seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """What the system knows of one chunk of people after the assessment; NaN rows have no passport."""

    mean: np.ndarray  # f4 (people, skills)
    covariance: np.ndarray  # f4 (people, skills, skills)
    information: np.ndarray  # f4 (people, skills)
    items: np.ndarray  # i8 (people,): items presented
    status: np.ndarray  # i8 (people,): row of people.STATUS


def stack(parts: list[Measured]) -> Measured:
    """Return blocks of people as one."""
    return Measured(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Measured)))


@dataclass(frozen=True, slots=True)
class _Luck:
    """All random draws of some people, made before the first answer: nothing depends on who is still answering."""

    pick: np.ndarray  # f8 (people, positions) in [0, 1): which of the best items
    grade: np.ndarray  # f8 (people, positions) in [0, 1)
    skip: np.ndarray  # bool (people, positions)
    time: np.ndarray  # f8 (people, positions), standard normal
    leaves: np.ndarray  # i8 (people,): items after which a person stops by herself

    @classmethod
    def draw(cls, people: People, seed: int, chunk: int, most: int) -> _Luck:
        """Draw for a whole chunk, keep what its people need."""
        rng, rows = stream(seed, "answers", chunk), len(people.ids)
        early = rng.integers(1, RULES.provisional_items, CHUNK)[:rows]
        late = rng.integers(RULES.provisional_items + 1, RULES.most_items, CHUNK)[:rows]
        uniform, normal = rng.random((3, CHUNK, RULES.most_items)), rng.standard_normal((CHUNK, RULES.most_items))
        leaves = np.select([people.goal == goal for goal in (INVITED, STARTED, PROVISIONAL)], [0, early, late], most)
        pick, grade, skip = uniform[:, :rows, :most]
        return cls(pick, grade, skip < SKIPPED, normal[:rows, :most], leaves)

    def rows(self, rows: slice) -> _Luck:
        """Return the draws of some people."""
        return _Luck(*(getattr(self, field.name)[rows] for field in fields(_Luck)))


class _Room:
    """People who answer side by side; -1 pads `items`, and is a skip or nothing in `grades`."""

    def __init__(self, bank: ItemBank, framework: SkillFramework, people: int, positions: int) -> None:
        start = prior(framework)
        self.bank, self.framework = bank, framework
        self.offset = offsets(bank.slopes, bank.steps)
        self.mean = np.repeat(start.mean[None], people, axis=0)
        self.covariance = np.repeat(start.covariance[None], people, axis=0)
        self.asked = np.zeros((people, len(bank.items)), dtype=bool)
        self.owned = np.zeros((people, len(framework.skills)), dtype=bool)
        self.spent, self.finished = np.zeros(people), np.zeros(people, dtype=bool)
        self.items = np.full((people, positions), -1)
        self.grades = np.full((people, positions), -1)
        self.seconds = np.zeros((people, positions))

    def choose(self, at: np.ndarray, pick: np.ndarray) -> np.ndarray:
        """Return the next item of the people in rows `at`, by the assessment's own rule."""
        return select(
            self.mean[at], self.covariance[at], self.bank, self.framework, self.asked[at], self.owned[at], pick
        )

    def observe(self, at: np.ndarray, position: int, item: np.ndarray, grade: np.ndarray, seconds: np.ndarray) -> None:
        """Take in one answer of each of the people in rows `at`, and see who has finished."""
        self.items[at, position], self.grades[at, position], self.seconds[at, position] = item, grade, seconds
        self.mean[at], self.covariance[at] = absorb(
            self.mean[at], self.covariance[at], self.bank.slopes[item], self.offset[item], grade
        )
        self.asked[at, item] = True
        self.owned[at[grade >= 0], self.bank.main_skill[item[grade >= 0]]] = True
        self.spent[at] += np.minimum(seconds, RULES.longest_answer)
        sure = np.sqrt(np.einsum("pss->ps", self.covariance[at])) <= RULES.target
        used_up = (position + 1 == self.items.shape[1]) | (self.spent[at] >= RULES.most_seconds)
        self.finished[at] = np.all(sure & self.owned[at], axis=1) | used_up


def _grades(room: _Room, item: np.ndarray, true: np.ndarray, careless: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return a grade by the model's chances at the true level; careless people take any option."""
    offset = room.offset[item]
    chance = probabilities(np.einsum("ps,ps->p", true, room.bank.slopes[item]), offset)
    chance = np.where(careless[:, None], np.isfinite(offset) / np.isfinite(offset).sum(axis=1, keepdims=True), chance)
    return np.sum(uniform[:, None] >= np.cumsum(chance, axis=1)[:, :-1], axis=1)


def _sit(room: _Room, people: People, rows: slice, luck: _Luck) -> None:
    """Let a block of people answer until each has finished or leaves."""
    true, careless, pace = people.true[rows], people.careless[rows], people.pace[rows]
    for position in range(luck.pick.shape[1]):
        at = np.flatnonzero(~room.finished & (position < luck.leaves))
        if not len(at):
            break
        item = room.choose(at, luck.pick[at, position])
        grade = _grades(room, item, true[at], careless[at], luck.grade[at, position])
        seconds = room.bank.seconds[item] * np.exp(pace[at] + TIME_SPREAD * luck.time[at, position])
        grade = np.where(luck.skip[at, position], -1, grade)
        room.observe(at, position, item, grade, np.maximum(QUICKEST, np.round(seconds, 1)))


def _passports(room: _Room) -> Measured:
    """Issue what the answers allow: the order of the answers does not matter, as in `passport.issue`."""
    answered, presented = np.sum(room.grades >= 0, axis=1), np.sum(room.items >= 0, axis=1)
    enough = np.flatnonzero(answered >= RULES.provisional_items)
    order = np.argsort(np.where(room.items < 0, len(room.bank.items), room.items), axis=1)[enough]
    items, grades = (np.take_along_axis(array[enough], order, axis=1) for array in (room.items, room.grades))
    slopes = room.bank.slopes[items]
    means, covariances, precision = settle(prior(room.framework), slopes, room.offset[items], grades)
    shape = room.mean.shape
    mean, information = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    covariance = np.full((*shape, shape[1]), np.nan, np.float32)
    mean[enough], covariance[enough], information[enough] = means, covariances, own_information(slopes, precision)
    status = np.select([presented == 0, answered < RULES.provisional_items, ~room.finished], range(3), FINISHED)
    return Measured(mean, covariance, information, presented, status)


def _table(room: _Room, ids: list[str]) -> pa.Table:
    """Return the answers as rows of answers.parquet; `option` is the option as written, null for a skipped item."""
    row, position = np.nonzero(room.items >= 0)
    item, grade = room.items[row, position], room.grades[row, position]
    option_of = np.array([np.argsort(content.key) for content in room.bank.contents])
    columns = {
        "person": np.array(ids, dtype=object)[row],
        "position": (position + 1).astype(np.int16),
        "item": np.array(room.bank.items, dtype=object)[item],
        "option": pa.array(option_of[item, grade].astype(np.int8), mask=grade < 0),
        "seconds": room.seconds[row, position].astype(np.float32),
    }
    return pa.table(columns, schema=ANSWERS)


def simulate(
    people: People, bank: ItemBank, framework: SkillFramework, seed: int, chunk: int
) -> tuple[Measured, pa.Table]:
    """Let a chunk of people take the assessment; return what was measured and the rows of answers.parquet.

    Cost: about a quarter of a millisecond for each item answered, in blocks of BLOCK people.
    """
    luck = _Luck.draw(people, seed, chunk, min(RULES.most_items, len(bank.items)))
    measured, tables = [], []
    for first in range(0, len(people.ids), BLOCK):
        rows = slice(first, first + BLOCK)
        part = luck.rows(rows)
        room = _Room(bank, framework, *part.pick.shape)
        _sit(room, people, rows, part)
        measured.append(_passports(room))
        tables.append(_table(room, people.ids[rows]))
    return stack(measured), pa.concat_tables(tables)
