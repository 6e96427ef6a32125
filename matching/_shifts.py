"""Threads that share out a rectangle of blocks by vacancies, in shifts short enough to be stopped between them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

MANY = 256  # vacancies; fewer are not worth sharing out over threads
Progress = Callable[[int, int], None]


class Shift(NamedTuple):
    """One call of a kernel: all pairs of some blocks and some vacancies."""

    layout: int
    blocks: tuple[int, int]
    jobs: tuple[int, int]
    pairs: int


def in_any_order(shifts: list[Shift], work: Callable[[Shift], None], threads: int) -> None:
    """Do shifts none of which write where another one does."""
    if len(shifts) == 1:
        work(shifts[0])
    else:
        Roster(shifts, work, jobs=False, people=False).run(threads, None)


class Roster:
    """Hand out shifts so that no two at a time write to the same lists: those of a vacancy, those of a block's people.

    Blocks are outermost, so that one stays in the processor's cache while all vacancies pass. Which thread does what
    differs from run to run; the best k of a set do not depend on the order in which it is seen.
    """

    def __init__(self, shifts: list[Shift], work: Callable[[Shift], None], *, jobs: bool, people: bool) -> None:
        self._waiting, self._work, self._jobs, self._people = shifts[::-1], work, jobs, people
        self._busy: set[tuple[object, ...]] = set()
        self._turn = threading.Condition()
        self._stopped: BaseException | None = None
        self._done, self._total = 0, sum(shift.pairs for shift in shifts)

    def run(self, threads: int, progress: Progress | None) -> None:
        """Do all shifts, this thread being one of them, which alone reports progress; stop all when one fails."""
        others = [threading.Thread(target=self._toil, daemon=True) for _ in range(min(threads, len(self._waiting)) - 1)]
        for thread in others:
            thread.start()
        try:
            self._toil(progress)
        finally:
            for thread in others:
                thread.join()
        if self._stopped is not None:
            raise self._stopped
        if progress is not None:
            progress(self._total, self._total)

    def _toil(self, progress: Progress | None = None) -> None:
        try:
            while (shift := self._next()) is not None:
                self._work(shift)
                self._finished(shift)
                if progress is not None and self._done < self._total:
                    progress(self._done, self._total)
        except BaseException as error:  # Ctrl-C included: the others must stop too, and run() raises it again
            with self._turn:
                self._stopped = self._stopped or error
                self._turn.notify_all()

    def _next(self) -> Shift | None:
        with self._turn:
            while self._waiting and self._stopped is None:
                for at in reversed(range(len(self._waiting))):
                    if self._busy.isdisjoint(self._places(self._waiting[at])):
                        shift = self._waiting.pop(at)
                        self._busy.update(self._places(shift))
                        return shift
                self._turn.wait()
            return None

    def _finished(self, shift: Shift) -> None:
        with self._turn:
            self._busy.difference_update(self._places(shift))
            self._done += shift.pairs
            self._turn.notify_all()

    def _places(self, shift: Shift) -> list[tuple[object, ...]]:
        written: list[tuple[object, ...]] = [("jobs", shift.jobs)] if self._jobs else []
        return [*written, ("people", shift.layout, shift.blocks)] if self._people else written


def shifts(layouts: list[tuple[int, int]], jobs: int, k: int, threads: int) -> list[Shift]:
    """Return the shifts of layouts, each of so many blocks of so many lanes, blocks outermost.

    Long enough for a call to cost nothing next to it, and short enough to be done well within a second even while lists
    are filled for the first time, at some 0.1 microseconds for whoever enters one.
    """
    pairs = (1 << 29) // (32 + k)
    found = []
    for layout, (blocks, lanes) in enumerate(layouts):
        high = min(max(pairs // lanes, 64), 4096, jobs)
        if threads > 1 and jobs >= MANY:
            high = min(high, -(-jobs // (4 * threads)))
        wide = max(1, pairs // (max(high, 1) * lanes))
        for first in range(0, blocks, wide):
            last = min(first + wide, blocks)
            for top in range(0, jobs, max(high, 1)):
                bottom = min(top + high, jobs)
                found.append(Shift(layout, (first, last), (top, bottom), lanes * (last - first) * (bottom - top)))
    return found
