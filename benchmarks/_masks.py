"""Who may be considered, for peers that know no gates: the same bits our index uses, in the order of rows."""

from __future__ import annotations

import numpy as np

from matching import Pool, Vacancies
from matching._asks import asks
from matching._layout import answers, on_the_globe


class Masks:
    """Answer who is eligible for a vacancy: bits first, hours and distance exactly for those who are left."""

    def __init__(self, pool: Pool, vacancies: Vacancies) -> None:
        self.planes = np.packbits(answers(pool.attributes), axis=1, bitorder="little")
        self.people, self.hours = len(pool), pool.attributes.hours.T.copy()
        self.places = on_the_globe(pool.attributes).T.copy()
        jobs, _ = asks(vacancies, vacancies.requirements, pool.attributes.levels.shape[1], np.arange(len(vacancies)))
        self.jobs, self.at = jobs, np.argsort(jobs.rows)

    def rows(self, vacancy: int) -> np.ndarray:
        """Return the row numbers of everybody eligible."""
        job, jobs = self.at[vacancy], self.jobs
        gates = jobs.gates[jobs.gate_firsts[job] : jobs.gate_firsts[job + 1]]
        bits = np.bitwise_and.reduce(self.planes[[0, *gates]], axis=0)
        rows = np.flatnonzero(np.unpackbits(bits, count=self.people, bitorder="little").view(np.bool_))
        (lowest, highest), (least, most) = jobs.hours[job], self.hours[:, rows]
        rows = rows[~((least > highest) | (most < lowest))]
        if not jobs.everywhere[job]:
            x, y, z, longest = self.places[:, rows]
            here = jobs.places[job]
            rows = rows[~((here[0] - x) ** 2 + (here[1] - y) ** 2 + (here[2] - z) ** 2 > longest)]
        return rows
