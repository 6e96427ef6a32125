"""People, passports and assessments for tests, all invented."""

from __future__ import annotations

import datetime as dt

import numpy as np
from fastapi import FastAPI

from api.services.passports import row
from api.store import accounts, people
from passport import Passport, load_framework, load_items

FRAMEWORK = load_framework()
SKILLS = FRAMEWORK.skills


def make_passport(person: str, seed: int = 0, mean: float = 0.0, measured: bool = True) -> Passport:
    """Return a passport with random levels around `mean`."""
    draw = np.random.default_rng(seed)
    size = len(SKILLS)
    return Passport(
        person=person,
        framework=FRAMEWORK.version,
        bank=load_items().version,
        norm="test",
        mean=(mean + draw.normal(0, 0.7, size)).astype(np.float32),
        covariance=(0.25 * np.asarray(FRAMEWORK.correlation)).astype(np.float32),
        own_information=np.full(size, 3.0 if measured else 0.0, np.float32),
        issued=dt.date(2026, 1, 15),
        provisional=False,
    )


def add_people(app: FastAPI, organisation: str, count: int, *, visible: bool = True, **attributes: object) -> list[str]:
    """Store people with passports and return their ids."""
    ids = [accounts.new_id() for _ in range(count)]
    rows = [{"id": each, "organisation_id": organisation, "visible": visible} | attributes for each in ids]
    with app.state.writers.begin() as session:
        people.insert_people(session, rows)
        people.insert_passports(session, [row(make_passport(each, seed=i)) for i, each in enumerate(ids)])
    return ids


def give_passport(app: FastAPI, person: str, **rest: object) -> Passport:
    """Store a passport for a person who is there already."""
    passport = make_passport(person, **rest)
    with app.state.writers.begin() as session:
        people.insert_passports(session, [row(passport)])
    return passport


def rows(app: FastAPI, query) -> list:
    """Return what a query finds, read in a session of its own."""
    with app.state.readers() as session:
        return list(session.scalars(query))


def seeker_headers(app: FastAPI, person: str) -> dict[str, str]:
    """Return the headers with which this person calls."""
    with app.state.writers.begin() as session:
        return {"Authorization": f"Bearer {accounts.create_token(session, 'seeker', person_id=person)[1]}"}


def start(client, headers: dict[str, str] | None = None, **body: object) -> tuple[dict, dict[str, str]]:
    """Start an assessment and return it with the headers of whoever may go on with it."""
    answer = client.post("/v1/assessments", json={"language": "en"} | body, headers=headers or {})
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    return answer.json(), headers or {"Authorization": f"Bearer {token}"}


def answer_items(client, assessment: str, headers: dict[str, str], count: int, pick=lambda _item: 0) -> list[dict]:
    """Answer `count` items (fewer when it is finished) and return them as they were asked."""
    asked = []
    for _ in range(count):
        item = client.get(f"/v1/assessments/{assessment}/next-item", headers=headers).json()["item"]
        if item is None:
            break
        body = {"item": item["item"], "option": pick(item), "seconds": 9.5}
        sent = client.post(f"/v1/assessments/{assessment}/answers", json=body, headers=headers)
        assert sent.status_code == 201, sent.text
        asked.append(item)
    return asked


def create_vacancy(client, headers: dict[str, str], **body: object) -> dict:
    """Make a vacancy and return it."""
    answer = client.post("/v1/vacancies", json={"occupation": "welder"} | body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()
