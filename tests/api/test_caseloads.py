"""A whole caseload in one run: everybody once, in the order asked for, with a reason where there is nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.access import Actor, Purpose, Role
from api.services import caseloads, shortlists
from api.store.accounts import now
from api.store.tables import CaseloadResult, Job, JobChunk
from matching import rank
from tests.api.helpers import add_people, create_vacancy, rows

FORMAL = {"certificates": ["vca"], "dutch": 3, "sector": None}


def run(client, app, headers, **body):
    """Start a caseload, work it off and return all its lines."""
    started = client.post("/v1/caseloads", json=body, headers=headers)
    assert started.status_code == 202, started.text
    assert app.state.worker.run_once()
    job = client.get(started.headers["Location"], headers=headers).json()
    assert job["status"] == "succeeded"
    return read(client, headers, job["resultUrl"])


def read(client, headers, path, limit=50):
    lines, cursor = [], None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=query, headers=headers).json()
        lines += page["items"]
        if (cursor := page["nextCursor"]) is None:
            return lines


def test_results_come_in_the_order_the_people_were_asked_for(client, app, tenant):
    people = add_people(app, tenant.organisation, 9)[::-1]
    create_vacancy(client, tenant.bearer("employer"))
    lines = run(client, app, tenant.bearer("caseworker"), people=people)
    assert [line["personId"] for line in lines] == people
    assert [line["position"] for line in lines] == list(range(9))


def test_everybody_gets_the_vacancies_the_core_ranks_best(client, app, tenant, monkeypatch):
    monkeypatch.setattr(caseloads, "CHUNK", 4)  # several chunks, with a short one at the end
    add_people(app, tenant.organisation, 9)
    for occupation in ("welder", "nursing_assistant", "order_picker", "electrician", "plumber"):
        create_vacancy(client, tenant.bearer("employer"), occupation=occupation)
    lines = run(client, app, tenant.bearer("caseworker"), vacanciesEach=3)
    actor = Actor(Role.CASEWORKER, organisation=tenant.organisation)
    with app.state.readers() as session:
        pool = shortlists.read_pool(session, actor, Purpose.GUIDANCE)
        jobs = shortlists.read_vacancies(session, actor)
    expected = rank(pool, jobs, k=3, side="people")
    found = {line["personId"]: [each["vacancyId"] for each in line["vacancies"]] for line in lines}
    for row, person in enumerate(pool.people):
        assert found[person] == [jobs.vacancies[job] for job in expected.ids[row]]
    assert found[tenant.person] == []  # in the list, though without passport
    assert len(rows(app, select(JobChunk))) == 3


def test_who_has_no_option_reads_why_and_what_would_open_most(client, app, tenant):
    blocked = add_people(app, tenant.organisation, 1, certificates="", dutch=4)[0]
    twice = add_people(app, tenant.organisation, 1, certificates="", dutch=1)[0]
    create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)
    create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)
    lines = run(client, app, tenant.bearer("caseworker"), people=[blocked, twice, tenant.person])
    assert [line["none"] for line in lines] == ["gates", "gates", "no-passport"]
    assert lines[0]["refusals"]["certificates"] == 2
    assert lines[0]["relax"] == {"gate": "certificates", "opens": 2}
    assert lines[1]["refusals"]["levels"] == 2
    assert lines[1]["relax"] is None  # no single change opens anything
    assert not any(line["vacancies"] for line in lines)


def test_without_vacancies_everybody_is_told_so(client, app, tenant):
    people = add_people(app, tenant.organisation, 2)
    assert [line["none"] for line in run(client, app, tenant.bearer("caseworker"), people=people)] == [
        "no-vacancies"
    ] * 2


def test_a_caseload_names_every_person_it_does_not_know(client, app, tenant, stranger):
    own, foreign = add_people(app, tenant.organisation, 1)[0], add_people(app, stranger.organisation, 1)[0]
    body = {"people": [own, foreign, "nobody", own]}
    refused = client.post("/v1/caseloads", json=body, headers=tenant.bearer("caseworker"))
    assert refused.status_code == 400
    assert {fault["pointer"]: fault["code"] for fault in refused.json()["errors"]} == {
        "/people/1": "unknown-person",
        "/people/2": "unknown-person",
        "/people/3": "double",
    }


def test_results_are_for_the_own_organisation_only(client, app, tenant, stranger):
    add_people(app, tenant.organisation, 2)
    started = client.post("/v1/caseloads", json={}, headers=tenant.bearer("caseworker"))
    app.state.worker.run_once()
    job = started.json()["jobId"]
    for role, status in (("caseworker", 404), ("admin", 404), ("employer", 403), ("seeker", 403)):
        assert client.get(f"/v1/caseloads/{job}/results", headers=stranger.bearer(role)).status_code == status


def test_pages_of_results_hold_every_line_once(client, app, tenant):
    people = add_people(app, tenant.organisation, 7)
    started = client.post("/v1/caseloads", json={"people": people}, headers=tenant.bearer("caseworker"))
    path = f"/v1/caseloads/{started.json()['jobId']}/results"
    assert read(client, tenant.bearer("caseworker"), path) == []  # nothing yet
    app.state.worker.run_once()
    assert [line["personId"] for line in read(client, tenant.bearer("caseworker"), path, limit=2)] == people


def test_a_run_that_was_killed_is_resumed_without_doing_anything_twice(client, app, tenant, monkeypatch):
    monkeypatch.setattr(caseloads, "CHUNK", 2)
    add_people(app, tenant.organisation, 7)
    create_vacancy(client, tenant.bearer("employer"))
    whole = [line["vacancies"] for line in run(client, app, tenant.bearer("caseworker"))]
    computed = caseloads.lines
    calls = []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt  # nothing catches it, as nothing catches a kill
        return computed(*arguments)

    monkeypatch.setattr(caseloads, "lines", dying)
    job = client.post("/v1/caseloads", json={}, headers=tenant.bearer("caseworker")).json()["jobId"]
    with pytest.raises(KeyboardInterrupt):
        app.state.worker.run_once()
    assert len(rows(app, select(CaseloadResult).where(CaseloadResult.job_id == job))) == 4
    expire_leases(app, job)
    assert app.state.worker.run_once()
    lines = read(client, tenant.bearer("caseworker"), f"/v1/caseloads/{job}/results")
    assert [line["vacancies"] for line in lines] == whole
    assert len(calls) == 5  # four chunks, of which the third was tried twice


def expire_leases(app, job):

    with app.state.writers.begin() as session:
        session.get_one(Job, job).lease_until = now()
