"""Who is in an index: ids, row numbers, where each stands, and the pools they came from."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import Any

import numpy as np

from matching._checks import Bits, Bool, Int64, widened
from matching.formal import Attributes
from matching.problem import Pool, hashed

_COLUMNS = "mean", "sd", "measured"


class People:
    """Keep the people of an index by row number while some come, change and go.

    ids: their ids. slots: int64 (people,), where they stand, as the index counts.
    """

    def __init__(self, pool: Pool, slots: Int64) -> None:
        self.ids, self.slots, self.skills = list(pool.people), slots, pool.skills
        self._parts, self._source = [pool], np.arange(len(pool))
        self._whole: Pool | None = pool
        order = np.argsort(pool.keys)
        self._keys, self._rows = pool.keys[order], order

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def anybody(self) -> Pool:
        """Return some pool of people like these."""
        return self._parts[0]

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays take."""
        return sum(array.nbytes for array in (self.slots, self._source, self._keys, self._rows))

    def pool(self) -> Pool:
        """Return everybody by row number, and forget whatever was replaced or removed since the last time."""
        if self._whole is None:
            joined = {
                name: np.concatenate([getattr(part, name) for part in self._parts])[self._source] for name in _COLUMNS
            }
            self._whole = Pool(tuple(self.ids), self.skills, attributes=self._attributes(), **joined)
            self._parts, self._source = [self._whole], np.arange(len(self))
        return self._whole

    def _attributes(self) -> Attributes | None:
        given = [part.attributes.columns() for part in self._parts if part.attributes is not None]
        if not given:
            return None
        joined: dict[str, Any] = {name: np.concatenate([each[name] for each in given]) for name in given[0]}
        return Attributes(**{name: column[self._source] for name, column in joined.items()})

    def like(self, part: Pool) -> Pool:
        """Return newcomers with as many columns of levels as everybody, who get as many as they when they have none.

        Raises ValueError when only one side has attributes, or both have levels in different numbers.
        """
        ours, theirs = self.anybody.attributes, part.attributes
        if (ours is None) != (theirs is None):
            raise ValueError("attributes: only one of pool and part has them, both or neither was expected")
        if ours is None or theirs is None:
            return part
        if not ours.levels.shape[1] and theirs.levels.shape[1]:
            self._parts = [_with_levels(each, theirs.levels.shape[1]) for each in self._parts]
            return part
        return _with_levels(part, ours.levels.shape[1])

    def put(self, part: Pool) -> Int64:
        """Take in everybody of `part` and return their rows; the slots of new ones are -1."""
        rows = self._find(part.people, part.keys)
        new = np.flatnonzero(rows < 0)
        rows[new] = len(self) + np.arange(len(new))
        start = sum(map(len, self._parts))
        self._parts.append(part)
        self.ids.extend(part.people[at] for at in new)
        self.slots = np.concatenate([self.slots, np.full(len(new), -1)])
        self._source = np.concatenate([self._source, np.empty(len(new), np.int64)])
        self._source[rows] = start + np.arange(len(part))
        new = new[np.argsort(part.keys[new])]
        at = np.searchsorted(self._keys, part.keys[new])
        self._keys, self._rows = np.insert(self._keys, at, part.keys[new]), np.insert(self._rows, at, rows[new])
        self._changed(start + len(part))
        return rows

    def drop(self, ids: tuple[str, ...]) -> tuple[Int64, Int64]:
        """Forget people; return where they stood, and for every old row the new one (-1 for theirs)."""
        rows = self._find(ids, hashed(ids))
        if (rows < 0).any():
            raise ValueError(f"ids: {ids[int(np.argmin(rows))]!r} came, somebody in the index was expected")
        stood, stay = self.slots[rows], np.ones(len(self), np.bool_)
        stay[rows] = False
        moved = np.where(stay, np.cumsum(stay) - 1, -1)
        self.ids = list(compress(self.ids, stay.tolist()))
        self.slots, self._source = self.slots[stay], self._source[stay]
        kept: Bool = stay[self._rows]
        self._keys, self._rows = self._keys[kept], moved[self._rows[kept]]
        self._changed(sum(map(len, self._parts)))
        return stood, moved

    def _changed(self, held: int) -> None:
        """Note that the pool must be put together anew; do it now when most of what is held belongs to nobody."""
        self._whole = None
        if held > 2 * len(self) + 4096:
            self.pool()

    def _find(self, ids: Iterable[str], keys: Bits) -> Int64:
        """Return the rows of ids, -1 for strangers; several ids may share a hash."""
        rows = np.full(len(keys), -1, np.int64)
        first, last = np.searchsorted(self._keys, keys), np.searchsorted(self._keys, keys, side="right")
        for at, text in enumerate(ids):
            for row in self._rows[first[at] : last[at]]:
                if self.ids[row] == text:
                    rows[at] = row
        return rows


def _with_levels(pool: Pool, width: int) -> Pool:
    attributes = pool.attributes
    if attributes is None or attributes.levels.shape[1] == width:
        return pool
    levels = widened("levels", attributes.levels, width, Attributes.NOT_STATED)
    wide = Attributes(**{**attributes.columns(), "levels": levels})
    return Pool(pool.people, pool.skills, pool.mean, pool.sd, wide, pool.measured)
