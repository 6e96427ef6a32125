"""`passport match`: rank people and vacancies from files, without a database."""

from __future__ import annotations

from pathlib import Path

from api.services import exchange, files
from api.terminal.progress import progress
from matching.gates import Side


def run(people: Path, vacancies: Path, out: Path, *, top: int, side: Side, seed: int) -> None:
    """Write the best `top` for every row of `side` to `out` and say in a few lines what was done."""
    with progress("match") as say:
        done = exchange.match(people, vacancies, top=top, side=side, seed=seed, progress=say)
    files.write(done.table, out)
    print(f"{done.people} people x {done.vacancies} vacancies -> {out}: {done.table.num_rows} matches")
    if done.without_passport:
        print(f"{done.without_passport} people without a passport could not be ranked")
    if done.without_option:
        why = ", ".join(f"{gate} {count}" for gate, count in done.refusals.items())
        print(f"{done.without_option} {side} have no option; refusals by gate: {why or 'none'}")
