"""`passport demo`: the whole road once, on the simulated pilot, in a fresh database."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from api.services import bulk, exchange, files, reports
from api.services.explanations import highlights, unknown_gates
from api.services.reports import Overview
from api.settings import Settings
from api.store import accounts
from api.store.session import make_engine, migrate, sessions
from api.terminal.progress import progress
from matching import Ranking, Vacancies
from passport import load_framework

CITY = "Example City (simulated)"
MARK = ".made-by-passport-demo"
SHOWN_VACANCIES, SHOWN_PEOPLE, SHOWN_WITHOUT = 10, 5, 8
OPENS = {  # what a person or a caseworker could do about a gate
    "certificates": "one more certificate",
    "limits": "work without what the body cannot do",
    "levels": "a higher education or language level",
    "hours": "other hours a week",
    "sector": "one more sector",
    "reach": "travelling further",
}


@dataclass(frozen=True, slots=True)
class Story:
    """What the demo loaded: titles and statuses as in the pilot's files."""

    titles: dict[str, str]
    sectors: dict[str, str]
    occupations: dict[str, str]
    employers: dict[str, str]
    status: Counter[str]


def run(settings: Settings, out: Path) -> None:
    """Load, match, tell; `out` gets matches.parquet and matches.csv."""
    console = Console(highlight=False, soft_wrap=False)
    _fresh(settings.data)
    engine = make_engine(settings)
    migrate(engine)
    folder = bulk.pilot()
    console.print(f"Loading the simulated pilot into {settings.data} ...")
    with sessions(engine)() as session:
        bulk.load_people(session, folder / "people.parquet", CITY)
        bulk.load_vacancies(session, folder / "vacancies.parquet", CITY, folder / "employers.parquet")
        city = accounts.organisation(session, CITY).id
        session.commit()
    story = _story(folder)
    with (
        sessions(engine, reading=True)() as session,
        progress("best people for every vacancy") as first,
        progress("best vacancies for every person") as second,
    ):
        found = reports.overview(session, city, 20, people_done=second, vacancies_done=first)
    _funnel(console, story, found)
    _best(console, story, found)
    _without(console, found)
    table = exchange.matches(found.visible, found.jobs, found.for_vacancies)
    for name in ("matches.parquet", "matches.csv"):
        files.write(table, out / name)
    console.print(f"\n{table.num_rows} matches written to {out / 'matches.parquet'} and {out / 'matches.csv'}")


def _fresh(folder: Path) -> None:
    """Empty the demo's own folder; one that somebody else made is left alone."""
    mark = folder / MARK
    if folder.exists():
        if not mark.exists() and any(folder.iterdir()):
            raise FileExistsError(
                17, "the demo needs an empty folder of its own, but this one holds other files", str(folder)
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    mark.touch()


def _story(folder: Path) -> Story:
    sheet, employers = files.read(folder / "vacancies.parquet"), files.read(folder / "employers.parquet")
    names = dict(zip(employers.texts("employer"), employers.texts("name"), strict=True))
    ids = sheet.texts("vacancy")
    places = zip(sheet.texts("title"), sheet.texts("place"), strict=True)
    return Story(
        titles=dict(zip(ids, (f"{title}, {place}" for title, place in places), strict=True)),
        sectors=dict(zip(ids, sheet.texts("sector"), strict=True)),
        occupations=dict(zip(ids, sheet.texts("occupation"), strict=True)),
        employers=dict(zip(ids, (names[key] for key in sheet.texts("employer")), strict=True)),
        status=Counter(files.read(folder / "people.parquet").texts("status")),
    )


def _funnel(console: Console, story: Story, found: Overview) -> None:
    invited = sum(story.status.values())
    with_option = len(found.guided) - len(found.without)
    steps = [
        ("invited", invited),
        ("started the assessment", invited - story.status["invited"]),
        ("have a passport, some of them provisional", len(found.guided)),
        ("finished", story.status["finished"]),
        ("chose to be visible to employers", len(found.visible)),
        ("have a passport and at least one vacancy", with_option),
    ]
    table = Table(title="From invitation to option (simulated people)", title_justify="left", box=None)
    table.add_column("step")
    table.add_column("people", justify="right")
    table.add_column("of all", justify="right")
    for step, count in steps:
        table.add_row(step, str(count), f"{count / invited:.0%}")
    console.print()
    console.print(table)
    served = int((found.for_vacancies.ids[:, 0] >= 0).sum())
    console.print(f"{served} of {len(found.jobs)} vacancies have at least one person who can be considered")


def _best(console: Console, story: Story, found: Overview) -> None:
    seen, jobs, ranking = found.visible, found.jobs, found.for_vacancies
    words = dict(zip(load_framework().skills, load_framework().names["en"], strict=True))
    console.print("\nTen vacancies with their best five people.")
    console.print("A fit says how much of the ask is covered. It is not a chance of being hired.")
    for row in _mixed(story, jobs, ranking):
        key = jobs.vacancies[row]
        table = Table(
            title=f"{story.titles[key][:1].upper()}{story.titles[key][1:]} - {story.employers[key]}",
            title_justify="left",
            box=None,
            pad_edge=False,
        )
        for name in ("person", "fit", "covers best", "gaps", "not known"):
            table.add_column(name, justify="right" if name == "fit" else "left")
        ids = ranking.ids[row, :SHOWN_PEOPLE]
        notes = highlights(seen, jobs, ids, np.full(len(ids), row))
        for place, (person, note) in enumerate(zip(ids, notes, strict=True)):
            unknown = ", ".join(unknown_gates(int(ranking.unknown[row, place])))
            texts = (", ".join(words[share.skill] for share in part[:2]) for part in (note.reasons, note.gaps))
            table.add_row(seen.people[person], f"{ranking.fit[row, place]:.2f}", *texts, unknown)
        console.print()
        console.print(table)


def _mixed(story: Story, jobs: Vacancies, ranking: Ranking) -> list[int]:
    """Choose vacancies with five people, sector by sector in turn, every occupation once."""
    by_sector: dict[str, list[int]] = {}
    occupations: set[str] = set()
    for row in np.flatnonzero(ranking.ids[:, SHOWN_PEOPLE - 1] >= 0):
        key = jobs.vacancies[row]
        if story.occupations[key] not in occupations:
            occupations.add(story.occupations[key])
            by_sector.setdefault(story.sectors[key], []).append(int(row))
    turns = [rows[i] for i in range(SHOWN_VACANCIES) for rows in by_sector.values() if i < len(rows)]
    return turns[:SHOWN_VACANCIES]


def _without(console: Console, found: Overview) -> None:
    without = found.without
    console.print(f"\n{len(without)} people with a passport have no vacancy they can be considered for.")
    if not without:
        return
    table = Table(title="Why, and the one change that would open most", title_justify="left", box=None)
    for name in ("person", "refused by (vacancies)", "one change", "opens"):
        table.add_column(name, justify="right" if name == "opens" else "left")
    for each in without[:SHOWN_WITHOUT]:
        why = ", ".join(f"{gate} {count}" for gate, count in list(each.refusals.items())[:3])
        change = OPENS[each.relax] if each.relax else "no single change is enough"
        table.add_row(each.person, why, change, f"{each.opens} vacancies" if each.opens else "")
    console.print(table)
    if len(without) > SHOWN_WITHOUT:
        console.print(f"... and {len(without) - SHOWN_WITHOUT} more")
