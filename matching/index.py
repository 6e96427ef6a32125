"""PoolIndex: a pool laid out for fast exact top-k; add, change, remove people.

Most pairs are never touched: people stand in blocks by place, 64 to a word; a block or word out of reach is passed by,
gates are bits and-ed 64 people at a time, an 8-bit bound that only over-states keeps out whoever cannot be among the
best, and the few who are left are computed exactly. Every answer equals `rank(index.pool, ...)`, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from matching import _layout as layout
from matching import _machine_code as machine_code
from matching._asks import MOST_SKILLS, asks
from matching._blocks import LANES, Blocks
from matching._checks import Bits, Bool, Int64, check_choice, check_count, names
from matching._people import People
from matching._shifts import Progress
from matching._sweep import Sweep
from matching.gates import SIDES, Side
from matching.problem import Pool, Vacancies, matched, same_skills
from matching.rank import Ranking, by_numpy, chosen, new_ranking, tie_step

BLOCK = 4096  # people; at 24 skills their bounds are half a megabyte, which stays in the second-level cache
BOTH: tuple[Side, ...] = ("vacancies", "people")
WORTH_COMPILING = 200_000_000  # pairs that take numpy longer than the compiler


def compile_kernels(folder: Path | None = None) -> None:
    """Compile the kernels, or load what was compiled before; about ten seconds the first time, one after that.

    To be called at installation or first start. The machine code is kept in `folder`, or in NUMBA_CACHE_DIR, beside the
    package or in the user's cache, the first of these that can be written to. Raises ImportError without numba.
    """
    machine_code.kernels(folder)


def worth_an_index(people: int, vacancies: int) -> bool:
    """Tell whether kernels answer sooner than numpy: they are compiled, or there is work enough to compile them."""
    return machine_code.has_numba() and (machine_code.ready() or people * vacancies >= WORTH_COMPILING)


class PoolIndex:
    """Hold a pool laid out for ranking, again and again, while people come, change and go.

    pool: whom to lay out; kept. The index takes another 725 bytes a person at 24 skills and many people (see nbytes).
    block: people in a block; rounded up to whole words of 64. Changes speed only.
    threads: how many lay out the pool. None: as many as there are processors.

    Row numbers in rankings are those of `people` and `pool`: first in the order of the pool, then everybody new in the
    order they came; whoever is replaced keeps the row, and whoever is removed leaves no gap. Numpy answers, the same,
    where numba is missing, and while the kernels are not compiled and the work is not worth waiting for that. Rankings
    may run side by side in threads; nobody may update meanwhile.
    """

    def __init__(self, pool: Pool, *, block: int = BLOCK, threads: int | None = None) -> None:
        if len(pool.skills) > MOST_SKILLS:
            raise ValueError(f"skills: {len(pool.skills)} came, at most {MOST_SKILLS} was expected")
        self._keys: Bits | None = None
        self._words, self._threads = -(-check_count("block", block, 1) // LANES), machine_code.processors(threads)
        self._lay_out(pool)

    def __len__(self) -> int:
        return len(self._people)

    @property
    def people(self) -> tuple[str, ...]:
        """Return the ids of everybody, by row number."""
        return tuple(self._people.ids)

    @property
    def pool(self) -> Pool:
        """Return everybody as a pool, by row number; after changes it is put together anew, once."""
        return self._people.pool()

    @property
    def nbytes(self) -> int:
        """Return how many bytes the arrays of the index take; those of the pool come on top."""
        return sum(array.nbytes for blocks in self._layouts for array in blocks) + self._people.nbytes

    def rank(
        self,
        vacancies: Vacancies,
        *,
        k: int = 20,
        side: Side = "vacancies",
        seed: int = 0,
        only_people: object = None,
        only_vacancies: object = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Ranking:
        """Return the k best candidates for every vacancy, or with side="people" for every person.

        Arguments and result are those of `matching.rank`, whatever the number of `threads` (None: one a processor).
        """
        check_choice("side", side, SIDES)
        some = chosen("only_people", only_people, len(self)), chosen("only_vacancies", only_vacancies, len(vacancies))
        k, threads = check_count("k", k, 1), machine_code.processors(threads)
        if not worth_an_index(len(self), len(vacancies)):
            return by_numpy(self.pool, vacancies, k, side, seed, *some, progress=progress)
        return self._rank(vacancies, k, (side,), seed, some, threads, progress)[0]

    def rank_both(
        self,
        vacancies: Vacancies,
        *,
        k: int = 20,
        seed: int = 0,
        only_people: object = None,
        only_vacancies: object = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Ranking, Ranking]:
        """Return the rankings for vacancies and for people, from one pass over the pairs; arguments as in `rank`."""
        some = chosen("only_people", only_people, len(self)), chosen("only_vacancies", only_vacancies, len(vacancies))
        k, threads = check_count("k", k, 1), machine_code.processors(threads)
        if not worth_an_index(len(self), len(vacancies)):
            first, second = (by_numpy(self.pool, vacancies, k, side, seed, *some, progress=progress) for side in BOTH)
        else:
            first, second = self._rank(vacancies, k, BOTH, seed, some, threads, progress)
        return first, second

    def update(self, part: Pool) -> None:
        """Add people, or replace those whose ids are known; in time that goes with their number.

        Whoever still stands among neighbours is written over, others go to blocks at the end; when these hold an eighth
        of everybody (and a block's worth) all are laid out anew. Raises FrameworkMismatch when the skills differ,
        ValueError when only one side has attributes, or the columns of levels differ.
        """
        same_skills(self._people.skills, part.skills)
        part, self._keys = self._people.like(part), None
        rows = self._people.put(part)
        if layout.attributes_of(part).levels.shape[1] != self._layouts[0].levels.shape[2]:
            self._lay_out(self.pool)
            return
        slots = self._people.slots[rows]
        places = layout.on_the_globe(layout.attributes_of(part))
        for blocks, here, lanes in self._standing(slots):
            away = ~layout.welcome(blocks, lanes, places[here])
            layout.leave(blocks, lanes[away])
            slots[here[away]] = -1
        new = np.flatnonzero(slots < 0)
        if self._arrived + len(new) > max(BLOCK, len(self) // 8):
            self._lay_out(self.pool)
            return
        slots[new] = self._room_for(len(new))
        self._people.slots[rows] = slots
        for blocks, here, lanes in self._standing(slots):
            layout.replace(blocks, lanes, part, here, rows[here])
        self._surround_arrivals(slots[new])

    def remove(self, ids: Iterable[str]) -> None:
        """Remove people. Raises ValueError when one of them is not in the index."""
        slots, moved = self._people.drop(names("ids", ids))
        for blocks, _, lanes in self._standing(slots):
            layout.leave(blocks, lanes)
        for blocks in self._layouts:
            blocks.rows[:] = np.where(blocks.rows < 0, -1, moved[blocks.rows]) if len(moved) else -1

    def _lay_out(self, pool: Pool) -> None:
        """Put everybody into fresh blocks of even size, in the order of their places."""
        words = -(-len(pool) // LANES)
        blocks = -(-words // self._words)
        wide = -(-words // blocks) if blocks else 1
        attributes = layout.attributes_of(pool)
        main, arrivals = (
            layout.empty(count, size, len(pool.skills), attributes.levels.shape[1])
            for count, size in ((blocks, wide), (0, self._words))
        )
        order = layout.by_place(attributes.location, attributes.reach_km)
        parts = [order[first : first + wide * LANES] for first in range(0, len(pool), wide * LANES)]
        slots = np.empty(len(pool), np.int64)
        slots[order] = np.arange(len(pool))
        with ThreadPoolExecutor(self._threads) as threads:
            people = threads.submit(People, pool, slots)
            list(threads.map(lambda block: layout.fill(main, block, pool, parts[block]), range(blocks)))
        self._people, self._layouts, self._arrived = people.result(), [main, arrivals], 0
        self._keys = None

    def _standing(self, slots: Int64) -> Iterator[tuple[Blocks, Int64, Int64]]:
        """Yield each layout, who of those in `slots` stands there, and in which of its lanes."""
        base = 0
        for blocks in self._layouts:
            here = np.flatnonzero((slots >= base) & (slots < base + blocks.rows.size))
            yield blocks, here, slots[here] - base
            base += blocks.rows.size

    def _room_for(self, people: int) -> Int64:
        """Return as many slots at the end that were never used."""
        main, arrivals = self._layouts
        blocks, lanes = arrivals.rows.shape
        first, self._arrived = self._arrived, self._arrived + people
        if self._arrived > arrivals.rows.size:
            more = max(blocks, -(-self._arrived // lanes) - blocks)
            skills = len(self._people.skills)
            new = layout.empty(more, self._words, skills, arrivals.levels.shape[2])
            joined: list[Any] = [np.concatenate([one, other]) for one, other in zip(arrivals, new, strict=True)]
            self._layouts[1] = Blocks(*joined)
        return main.rows.size + first + np.arange(people)

    def _surround_arrivals(self, slots: Int64) -> None:
        main, arrivals = self._layouts
        for block in np.unique((slots - main.rows.size) // arrivals.rows.shape[1]):
            layout.surround(arrivals, int(block))

    def _rank(
        self,
        vacancies: Vacancies,
        k: int,
        wanted: tuple[Side, ...],
        seed: int,
        some: tuple[Bool | None, Bool | None],
        threads: int,
        progress: Progress | None,
    ) -> list[Ranking]:
        """Let the kernels go through all pairs, and return the ranking of each wanted side."""
        sides = matched(self._people.anybody, vacancies)
        rows = np.arange(len(vacancies)) if some[1] is None else np.flatnonzero(some[1])
        levels = self._layouts[0].levels.shape[2]
        jobs, scale = asks(vacancies, sides and sides[1], levels, rows, easy_first="people" in wanted)
        kernels = machine_code.kernels()
        sweep = Sweep(self._layouts, self._keys_of_slots(), jobs, len(vacancies), k, wanted)
        sweep.run(kernels, scale, tie_step(seed), some[0], threads, progress)
        found: list[Ranking] = []
        if "vacancies" in wanted:
            found.append(new_ranking("vacancies", sweep.best_of_jobs(kernels, threads), len(self)))
        if "people" in wanted:
            best = sweep.best_of_people(kernels, len(self), threads)
            found.append(new_ranking("people", best, len(vacancies)))
        return found

    def _keys_of_slots(self) -> Bits:
        """Return the hashes of everybody's id by slot; kept until somebody comes."""
        if self._keys is None:
            main, arrivals = (blocks.keys.ravel() for blocks in self._layouts)
            self._keys = np.concatenate([main, arrivals]) if arrivals.size else main
        return self._keys
