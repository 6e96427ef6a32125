"""Load whole files into the database, in one transaction: people with their passports, employers, vacancies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.errors import FileFault
from api.services import exchange, files
from api.store import accounts, audit, people, vacancies
from api.store.tables import Organisation, Vacancy
from passport import load_framework

ACTOR = "command-line"
ONE_STATEMENT = 500  # values in one IN (...); SQLite takes some hundreds


def pilot() -> Path:
    """Return the folder of the simulated pilot: inside the installed package, or in the source tree."""
    packaged = Path(__file__).parents[1] / "content" / "pilot"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "data" / "synthetic" / "pilot"


def load_people(session: Session, path: Path, organisation: str) -> tuple[int, int]:
    """Load people for an organisation (made when new); return how many, and how many of them with a passport.

    Raises FileFault when the file is broken or a person is already known: nothing is loaded then.
    """
    skills = load_framework().skills
    found = exchange.read_people(path, skills)
    ids, sheet = found.ids, found.sheet
    _refuse_known(path, "people", people.known(session, ids))
    owner = accounts.organisation(session, organisation)
    visible = sheet.flags("visible")
    people.insert_people(
        session,
        [
            {"id": person, "organisation_id": owner.id, "visible": bool(visible[row])}
            | {name: values[row] for name, values in found.attributes.items()}
            for row, person in enumerate(ids)
        ],
    )
    people.insert_passports(session, [_passport(found, versions) for versions in _versions(found)])
    audit.record(session, ACTOR, owner.id, "people-loaded", people=len(ids), passports=len(found.rows))
    return len(ids), len(found.rows)


def _versions(found: exchange.PeopleFile) -> list[dict[str, Any]]:
    """Return who and by which versions, for every passport of the file; absent columns get the plainest value."""
    sheet, framework = found.sheet, load_framework()
    texts = {name: sheet.texts(name) for name in ("framework", "bank", "norm", "issued")}
    provisional = sheet.flags("provisional")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for row in found.rows:
        if texts["framework"][row] not in (None, framework.version):
            sheet.fault("framework", int(row), texts["framework"][row], f"version {framework.version}")
    sheet.check()
    return [
        {
            "place": place,
            "framework": framework.version,
            "bank": texts["bank"][row] or "unknown",
            "norm": texts["norm"][row] or "unknown",
            "issued": dt.date.fromisoformat(texts["issued"][row] or today),
            "provisional": bool(provisional[row]),
        }
        for place, row in enumerate(found.rows)
    ]


def _passport(found: exchange.PeopleFile, versions: dict[str, Any]) -> dict[str, Any]:
    place = versions.pop("place")
    columns = found.columns
    return versions | {
        "person_id": columns.people[place],
        "mean": columns.mean[place].astype("<f4").tobytes(),
        "sd": columns.sd[place].astype("<f4").tobytes(),
        "covariance": columns.covariance[place],
        "own_information": columns.own_information[place].astype("<f4").tobytes(),
    }


def load_vacancies(session: Session, path: Path, organisation: str, employers: Path | None = None) -> int:
    """Load vacancies and return how many; each belongs to its employer, or to `organisation` where none is named.

    `employers` is a file with the columns employer and name. Raises FileFault when a file is broken, an employer is
    unknown, or a vacancy is already there: nothing is loaded then.
    """
    skills = load_framework().skills
    sheet = files.read(path)
    sheet.require(("vacancy", "occupation", "title"))
    columns = exchange.vacancy_columns(sheet, skills)
    names = _employers(employers) if employers else {}
    keys = sheet.texts("employer", lambda key: not employers or key in names, "an employer of the employers file")
    titles, occupations = sheet.texts("title"), sheet.texts("occupation")
    sheet.check()
    ids = columns["id"]
    rows = [ids[i : i + ONE_STATEMENT] for i in range(0, len(ids), ONE_STATEMENT)]
    _refuse_known(path, "vacancies", [v for some in rows for v in session.scalars(_with_ids(some))])
    owners: dict[str, Organisation] = {}
    for key in keys:
        name = names.get(key or "", key or organisation)
        owners.setdefault(key or "", accounts.organisation(session, name))
    framework = load_framework().version
    vacancies.insert_vacancies(
        session,
        [
            {name: values[row] for name, values in columns.items()}
            | {"organisation_id": owners[keys[row] or ""].id, "framework": framework}
            | {"title": titles[row] or "", "occupation": occupations[row] or ""}
            for row in range(len(ids))
        ],
    )
    audit.record(session, ACTOR, None, "vacancies-loaded", vacancies=len(ids), employers=len(owners))
    return len(ids)


def _with_ids(ids: tuple[str, ...]) -> Any:
    return select(Vacancy.id).where(Vacancy.id.in_(ids))


def _employers(path: Path) -> Mapping[str, str]:
    sheet = files.read(path)
    sheet.require(("employer", "name"))
    keys, names = sheet.identifiers("employer"), sheet.identifiers("name")
    sheet.check()
    return dict(zip(keys, names, strict=True))


def _refuse_known(path: Path, what: str, known: list[str]) -> None:
    if known:
        raise FileFault(
            f"{path.name}: {len(known)} {what} are already loaded, for example {known[0]}; nothing was loaded"
        )
