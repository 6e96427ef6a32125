"""One run of the kernels: what they read and write, shared out over threads."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from matching import _layout as layout
from matching._blocks import LANES, NEVER, Asks, Best, Blocks, no_best, no_lists
from matching._checks import Bits, Bool
from matching._shifts import Progress, Roster, Shift, in_any_order, shifts

PLACES_AT_ONCE = 1 << 20  # of lists, in one call that writes them out


class Sweep:
    """Hold the lists of every vacancy and every person, where wanted, and the limits below which nobody enters them.

    Lists of people stand as people do, so that those of a block lie together. `keys` are those of all slots.
    """

    def __init__(self, layouts: list[Blocks], keys: Bits, jobs: Asks, vacancies: int, k: int, wanted: tuple[str, ...]):
        self.layouts, self.jobs, self.k = layouts, jobs, k
        self.for_jobs, self.for_people = "vacancies" in wanted, "people" in wanted
        self.rows = vacancies
        self.of_jobs = no_lists(len(jobs.rows) if self.for_jobs else 0, k, keys)
        self.of_people = [no_lists(each.rows.size if self.for_people else 0, k, jobs.keys) for each in layouts]

    def run(
        self, kernels: ModuleType, scale: float, step: Any, only: Bool | None, threads: int, progress: Progress | None
    ) -> None:
        """Go through all pairs."""
        limits = np.full(len(self.jobs.rows), 0 if self.for_jobs else NEVER, np.uint16)
        tables, self._at, base = [], [], 0
        for blocks, lists in zip(self.layouts, self.of_people, strict=True):
            own = np.zeros(blocks.rows.size, np.uint16) if self.for_people else np.full(LANES, NEVER, np.uint16)
            mask = np.empty((0, 0), np.uint64) if only is None else layout.bits_of(only, blocks)
            self._at.append((base, scale, step))
            tables.append((blocks, mask, self.jobs, self.of_jobs, lists, (limits, own), self._at[-1]))
            base += blocks.rows.size

        def work(shift: Shift) -> None:
            table = tables[shift.layout]
            kernels.scan(*table, np.empty(table[0].planes.shape[2], np.uint64), *shift.blocks, *shift.jobs)

        plan = shifts([blocks.rows.shape for blocks in self.layouts], len(limits), self.k, threads)
        Roster(plan, work, jobs=self.for_jobs, people=self.for_people).run(threads, progress)

    def best_of_jobs(self, kernels: ModuleType, threads: int) -> Best:
        """Return the lists of all vacancies, by row."""
        best, step, count = no_best(self.rows, self.k), max(1, PLACES_AT_ONCE // self.k), len(self.jobs.rows)

        def write(shift: Shift) -> None:
            kernels.sort(self.of_jobs, *shift.jobs, self._at[0])
            for blocks, at in zip(self.layouts, self._at, strict=True):
                kernels.write_jobs(blocks, self.jobs, self.of_jobs, best, at, *shift.jobs)

        plan = [Shift(0, (0, 0), (first, min(first + step, count)), 0) for first in range(0, count, step)]
        in_any_order(plan, write, threads)
        return best

    def best_of_people(self, kernels: ModuleType, people: int, threads: int) -> Best:
        """Return the lists of all people, by row."""
        best = no_best(people, self.k)

        def write(shift: Shift) -> None:
            at = shift.layout
            lanes = self.layouts[at].rows.shape[1]
            kernels.sort(self.of_people[at], *(block * lanes for block in shift.blocks), self._at[at])
            kernels.write_people(self.layouts[at], self.jobs, self.of_people[at], best, self._at[at], *shift.blocks)

        plan = [
            Shift(at, (block, block + 1), (0, 0), 0)
            for at, blocks in enumerate(self.layouts)
            for block in range(len(blocks.rows))
        ]
        in_any_order(plan, write, threads)
        return best
