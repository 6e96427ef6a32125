"""Write invented people, employers and vacancies as Parquet: `python -m data.synthetic.generate --help`.

The same seed gives the same bytes whatever the number of workers: every chunk of rows has random streams of its own.
"""

from __future__ import annotations

import argparse
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from data.synthetic.content import CONTENT, PLACES, Content, load_content
from data.synthetic.files import ANSWERS, EMPLOYERS, TableFile, people_schema, truth_schema, vacancies_schema
from data.synthetic.market import Employers, draw_employers, draw_vacancies
from data.synthetic.measure import draw_passports
from data.synthetic.people import draw_people
from data.synthetic.simulate import simulate
from data.synthetic.streams import chunks
from data.synthetic.tables import people_table, truth_table
from passport import ItemBank, SkillFramework, load_framework, load_items

SIMULATED = 20_000  # people: above this, passports are drawn without answers unless asked otherwise


@dataclass(frozen=True, slots=True)
class Order:
    """What to generate, in rows; with the content files it decides every byte. `answers`: simulate or posterior."""

    people: int
    employers: int
    vacancies: int
    seed: int
    answers: str
    covariance: bool
    content: Path = CONTENT
    places: Path = PLACES


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is the same for all chunks of an order."""

    framework: SkillFramework
    bank: ItemBank
    content: Content
    employers: Employers


@cache
def world(order: Order) -> World:
    """Load the content and draw the employers; once in every process."""
    framework = load_framework()
    content = load_content(framework.skills, order.content, order.places)
    return World(framework, load_items(), content, draw_employers(content, order.seed, order.employers))


def people_chunk(order: Order, chunk: int, rows: int) -> dict[str, pa.Table]:
    """Return the tables people, truth and (when simulated) answers of one chunk."""
    here = world(order)
    skills, correlation = here.framework.skills, here.framework.correlation
    people = draw_people(here.content, correlation, order.seed, chunk, rows)
    tables = {"truth": truth_table(people, skills)}
    if order.answers == "simulate":
        measured, tables["answers"] = simulate(people, here.bank, here.framework, order.seed, chunk)
    else:
        measured = draw_passports(people, correlation, order.seed, chunk)
    versions = (here.framework.version, here.bank.version)
    places = here.content.places
    return tables | {"people": people_table(people, measured, places, skills, versions, order.covariance)}


def vacancies_chunk(order: Order, chunk: int, rows: int) -> dict[str, pa.Table]:
    """Return the table of vacancies of one chunk."""
    here = world(order)
    return {"vacancies": draw_vacancies(here.content, here.employers, order.seed, chunk, rows)}


Task = tuple[Callable[[Order, int, int], dict[str, pa.Table]], int, int]


def _results(order: Order, tasks: list[Task], workers: int) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """Yield (rows, tables) of every task in the order of `tasks`; at most two tasks a worker wait in memory."""
    if workers == 1:
        yield from ((rows, task(order, chunk, rows)) for task, chunk, rows in tasks)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting: deque[tuple[int, Future[dict[str, pa.Table]]]] = deque()
        for task, chunk, rows in tasks:
            waiting.append((rows, pool.submit(task, order, chunk, rows)))
            if len(waiting) > 2 * workers:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()


def _files(order: Order, out: Path, skills: tuple[str, ...]) -> dict[str, tuple[Path, pa.Schema]]:
    files = {
        "people": (out / "people.parquet", people_schema(skills, order.covariance)),
        "truth": (out / "truth" / "truth.parquet", truth_schema(skills)),
        "vacancies": (out / "vacancies.parquet", vacancies_schema(skills)),
    }
    return files | ({"answers": (out / "answers.parquet", ANSWERS)} if order.answers == "simulate" else {})


def generate(order: Order, out: Path, workers: int = 1, progress: Callable[[int], object] | None = None) -> None:
    """Write the order's files into the folder `out`; `progress` is told of every chunk's rows.

    Memory is bounded by the chunk and row group sizes, whatever the number of rows. Raises ValueError for an order of
    vacancies without employers.
    """
    if order.vacancies and not order.employers:
        raise ValueError(f"employers: 0 came for {order.vacancies} vacancies, at least 1 was expected")
    here = world(order)
    tasks: list[Task] = [(people_chunk, chunk, rows) for chunk, rows in chunks(order.people)]
    tasks += [(vacancies_chunk, chunk, rows) for chunk, rows in chunks(order.vacancies)]
    (out / "truth").mkdir(parents=True, exist_ok=True)
    (out / "answers.parquet").unlink(missing_ok=True)  # an older one would belong to other people
    with ExitStack() as stack:
        files = _files(order, out, here.framework.skills)
        open_files = {name: stack.enter_context(TableFile(path, schema)) for name, (path, schema) in files.items()}
        stack.enter_context(TableFile(out / "employers.parquet", EMPLOYERS)).add(here.employers.table(here.content))
        for rows, tables in _results(order, tasks, max(1, min(workers, len(tasks)))):
            for name, table in tables.items():
                open_files[name].add(table)
            if progress:
                progress(rows)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} came, a whole number of 0 or more was expected")
    return int(text)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m data.synthetic.generate", description=__doc__.split(":")[0])
    parser.add_argument("--people", type=_count, default=600)
    parser.add_argument("--employers", type=_count, default=None, help="default: one for every five vacancies")
    parser.add_argument("--vacancies", type=_count, default=200)
    parser.add_argument("--seed", type=_count, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder, made when it is not there")
    parser.add_argument(
        "--answers",
        choices=("auto", "simulate", "posterior"),
        default="auto",
        help=f"simulate every answer, or draw passports from the measurement model (auto: above {SIMULATED} people)",
    )
    parser.add_argument(
        "--covariance",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write every passport's full covariance, 1.2 kB a person (default: when answers are simulated)",
    )
    parser.add_argument(
        "--workers", type=_count, default=os.cpu_count() or 1, help="processes; never changes the files"
    )
    parser.add_argument("--content", type=Path, default=CONTENT, help="folder with occupations.csv and its companions")
    parser.add_argument("--places", type=Path, default=PLACES, help="table of places to live and work in")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, generate, and show progress on a terminal."""
    asked = _arguments(arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the workers: they share the cores already
    answers = asked.answers if asked.answers != "auto" else "simulate" if asked.people <= SIMULATED else "posterior"
    order = Order(
        people=asked.people,
        employers=max(1, asked.vacancies // 5) if asked.employers is None else asked.employers,
        vacancies=asked.vacancies,
        seed=asked.seed,
        answers=answers,
        covariance=answers == "simulate" if asked.covariance is None else asked.covariance,
        content=asked.content,
        places=asked.places,
    )
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("people and vacancies", total=order.people + order.vacancies)
        generate(order, asked.out, asked.workers, lambda rows: bar.advance(task, rows))


if __name__ == "__main__":
    main()
