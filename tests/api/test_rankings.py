"""Rankings over HTTP are those of the matching core, and nobody sees whom they may not see."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import select, update

from api.access import Actor, Purpose, Role
from api.services import shortlists
from api.store.tables import AuditEntry, Person, Pseudonym
from matching import GATES, explain, rank
from tests.api.helpers import add_people, create_vacancy, give_passport, rows, seeker_headers

FORMAL = {"certificates": ["vca"], "dutch": 3}


def core(app, tenant, role, purpose, vacancy):
    """Return the pool and the vacancy as the core gets them."""
    actor = Actor(role, organisation=tenant.organisation)
    with app.state.readers() as session:
        pool = shortlists.read_pool(session, actor, purpose)
        return pool, shortlists.read_vacancies(session, actor, only=vacancy)


def mixed_people(app, organisation):
    """Store people of whom some are refused, some are unknown and some pass; return their ids."""
    held = {"certificates": "vca", "dutch": 4}
    return (
        add_people(app, organisation, 6, **held)
        + add_people(app, organisation, 4)
        + add_people(app, organisation, 3, **held | {"dutch": 1})
        + add_people(app, organisation, 2, **held | {"certificates": ""})
    )


def candidates(client, vacancy, headers, **query):
    answer = client.get(f"/v1/vacancies/{vacancy}/candidates", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_order_is_that_of_the_matching_core(client, app, tenant):
    mixed_people(app, tenant.organisation)
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)["vacancyId"]
    shown = candidates(client, vacancy, tenant.bearer("caseworker"), limit=8)
    pool, job = core(app, tenant, Role.CASEWORKER, Purpose.MATCHING, vacancy)
    expected = rank(pool, job, k=8)
    assert [each["candidateId"] for each in shown["items"]] == [pool.people[row] for row in expected.ids[0]]
    np.testing.assert_allclose([each["fit"] for each in shown["items"]], expected.fit[0], atol=1e-4)
    unknown = [[name for bit, name in enumerate(GATES) if bits >> bit & 1] for bits in expected.unknown[0].tolist()]
    assert [each["unknown"] for each in shown["items"]] == unknown


def test_the_same_question_gets_the_same_answer(client, app, tenant):
    mixed_people(app, tenant.organisation)
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)["vacancyId"]
    first, second = (candidates(client, vacancy, tenant.bearer("employer")) for _ in range(2))
    assert first == second


def test_an_empty_list_says_which_demand_emptied_it(client, app, tenant):
    add_people(app, tenant.organisation, 5, certificates="", dutch=1, sectors="healthcare")
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)["vacancyId"]
    shown = candidates(client, vacancy, tenant.bearer("employer"))
    assert shown["items"] == []
    assert shown["considered"] == 5
    refused = {"certificates": 5, "limits": 0, "levels": 5, "hours": 0, "sector": 5, "reach": 0}
    assert shown["refusals"] == refused


def test_an_employer_sees_pseudonyms_and_never_an_id(client, app, tenant, stranger):
    people = mixed_people(app, stranger.organisation)
    vacancy = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    for role in ("employer", "admin"):
        answer = client.get(f"/v1/vacancies/{vacancy}/candidates", headers=tenant.bearer(role))
        assert answer.json()["items"]
        assert not any(person in answer.text for person in people)
        name = answer.json()["items"][0]["candidateId"]
        path = f"/v1/vacancies/{vacancy}/candidates/{name}/explanation"
        explained = client.get(path, headers=tenant.bearer(role))
        assert explained.status_code == 200
        assert not any(person in explained.text for person in people)


def test_two_employers_know_one_person_by_two_names(client, app, tenant, stranger):
    add_people(app, tenant.organisation, 1)
    names = set()
    for each in (tenant, stranger):
        vacancy = create_vacancy(client, each.bearer("employer"))["vacancyId"]
        names |= {line["candidateId"] for line in candidates(client, vacancy, each.bearer("employer"))["items"]}
    assert len(names) == 2
    for each, other in ((tenant, stranger), (stranger, tenant)):
        vacancy = create_vacancy(client, each.bearer("employer"))["vacancyId"]
        foreign = rows(app, select(Pseudonym.id).where(Pseudonym.organisation_id == other.organisation))[0]
        path = f"/v1/vacancies/{vacancy}/candidates/{foreign}/explanation"
        assert client.get(path, headers=each.bearer("employer")).status_code == 404


def test_hidden_people_are_absent_and_look_like_nobody(client, app, tenant, stranger):
    person = add_people(app, tenant.organisation, 1)[0]
    add_people(app, tenant.organisation, 2, visible=False)
    vacancy = create_vacancy(client, stranger.bearer("employer"))["vacancyId"]
    shown = candidates(client, vacancy, stranger.bearer("employer"))
    assert len(shown["items"]) == shown["considered"] == 1
    path = f"/v1/vacancies/{vacancy}/candidates/{{}}/explanation"
    name = shown["items"][0]["candidateId"]
    assert client.get(path.format(name), headers=stranger.bearer("employer")).status_code == 200
    with app.state.writers.begin() as session:
        session.execute(update(Person).where(Person.id == person).values(visible=False))
    hidden = client.get(path.format(name), headers=stranger.bearer("employer"))
    nobody = client.get(path.format("nobody"), headers=stranger.bearer("employer"))
    real_id = client.get(path.format(person), headers=stranger.bearer("employer"))
    assert hidden.status_code == 404
    assert hidden.json() == nobody.json() == real_id.json()
    assert candidates(client, vacancy, stranger.bearer("employer"))["items"] == []


def test_a_caseworker_ranks_only_the_own_people_and_visibility_does_not_matter_there(client, app, tenant, stranger):
    mine = add_people(app, tenant.organisation, 3, visible=False)
    theirs = add_people(app, stranger.organisation, 3)
    vacancy = create_vacancy(client, stranger.bearer("employer"))["vacancyId"]
    shown = candidates(client, vacancy, tenant.bearer("caseworker"))
    assert {each["candidateId"] for each in shown["items"]} == set(mine)
    path = f"/v1/vacancies/{vacancy}/candidates/{theirs[0]}/explanation"
    assert client.get(path, headers=tenant.bearer("caseworker")).status_code == 404


def test_another_organisations_vacancy_does_not_exist_for_an_employer(client, app, tenant, stranger):
    add_people(app, tenant.organisation, 1)
    vacancy = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    missing = client.get("/v1/vacancies/nothing/candidates", headers=stranger.bearer("employer"))
    for role in ("employer", "admin"):
        refused = client.get(f"/v1/vacancies/{vacancy}/candidates", headers=stranger.bearer(role))
        assert (refused.status_code, refused.json()) == (404, missing.json())
    assert client.get(f"/v1/vacancies/{vacancy}/candidates", headers=stranger.bearer("seeker")).status_code == 403


def test_people_without_a_passport_are_never_candidates(client, app, tenant):
    vacancy = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    assert candidates(client, vacancy, tenant.bearer("caseworker"))["considered"] == 0
    refused = client.get(f"/v1/people/{tenant.person}/vacancies", headers=tenant.bearer("seeker"))
    assert (refused.status_code, refused.json()["code"]) == (409, "no-passport")
    give_passport(app, tenant.person)
    assert candidates(client, vacancy, tenant.bearer("caseworker"))["considered"] == 1


def test_a_seeker_sees_her_best_vacancies_in_the_order_of_the_core(client, app, tenant):
    give_passport(app, tenant.person, seed=4)
    for occupation in ("welder", "nursing_assistant", "order_picker", "electrician"):
        create_vacancy(client, tenant.bearer("employer"), occupation=occupation)
    path = f"/v1/people/{tenant.person}/vacancies"
    shown = client.get(path, params={"limit": 3}, headers=tenant.bearer("seeker")).json()
    actor = Actor(Role.SEEKER, person=tenant.person)
    with app.state.readers() as session:
        pool, jobs = shortlists.read_pool(session, actor, Purpose.SELF), shortlists.read_vacancies(session, actor)
    expected = rank(pool, jobs, k=3, side="people")
    assert [each["vacancyId"] for each in shown["items"]] == [jobs.vacancies[row] for row in expected.ids[0]]
    assert shown["considered"] == 4
    assert shown == client.get(path, params={"limit": 3}, headers=tenant.bearer("caseworker")).json()


def test_an_explanation_is_that_of_the_core_and_adds_up(client, app, tenant):
    passport = give_passport(app, tenant.person, seed=4)
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)["vacancyId"]
    path = f"/v1/people/{tenant.person}/vacancies/{vacancy}/explanation"
    shown = client.get(path, headers=tenant.bearer("seeker")).json()
    pool, job = core(app, tenant, Role.CASEWORKER, Purpose.MATCHING, vacancy)
    expected = explain(pool, job, 0, 0, covariance=passport.covariance)
    assert shown["fit"] == pytest.approx(expected.fit, abs=1e-4)
    assert (shown["fitLow"], shown["fitHigh"]) == pytest.approx(expected.interval, abs=1e-4)
    assert sum(skill["contribution"] for skill in shown["skills"]) == pytest.approx(expected.fit)
    for skill in shown["skills"]:
        assert skill["contribution"] + skill["loss"] == pytest.approx(skill["importance"], abs=1e-6)
    assert shown["gates"]["certificates"] == "unknown"
    assert [each["fit"] for each in shown["whatHelps"]] == pytest.approx(
        [each.fit for each in expected.what_helps], abs=1e-4
    )


def test_list_and_explanation_tell_the_same_fit_and_interval(client, app, tenant):
    mixed_people(app, tenant.organisation)
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=FORMAL)["vacancyId"]
    for role in ("employer", "caseworker"):
        for line in candidates(client, vacancy, tenant.bearer(role), limit=3)["items"]:
            path = f"/v1/vacancies/{vacancy}/candidates/{line['candidateId']}/explanation"
            why = client.get(path, headers=tenant.bearer(role)).json()
            assert why["fit"] == pytest.approx(line["fit"], abs=2e-4)
            assert (why["fitLow"], why["fitHigh"]) == (line["fitLow"], line["fitHigh"])
            gaps = {gap["skill"]: gap["share"] for gap in line["gaps"]}
            best = max((s for s in why["skills"] if s["skill"] not in gaps), key=lambda skill: skill["contribution"])
            assert line["reasons"][0] == {"skill": best["skill"], "share": round(best["contribution"], 4)}
            for skill in why["skills"]:
                if skill["skill"] in gaps:
                    assert gaps[skill["skill"]] == round(skill["loss"], 4)
                    assert skill["loss"] > 0.1 * skill["importance"]
            assert line["fitLow"] <= line["fit"] <= line["fitHigh"]


def test_a_caseworker_reads_which_demand_closes_a_vacancy_and_what_is_missing(client, app, tenant):
    person = add_people(
        app, tenant.organisation, 1, certificates="", dutch=1, latitude=52.0, longitude=5.0, reach_km=10
    )[0]
    formal = FORMAL | {"latitude": 51.44, "longitude": 5.48}
    vacancy = create_vacancy(client, tenant.bearer("employer"), requirements=formal)["vacancyId"]
    path = f"/v1/people/{person}/vacancies/{vacancy}/explanation"
    why = client.get(path, headers=tenant.bearer("caseworker")).json()
    assert {name for name, answer in why["gates"].items() if answer == "no"} == {"certificates", "levels", "reach"}
    gates = {each["key"]: each for each in why["whatHelps"] if each["kind"] == "gate"}
    assert gates["certificates"]["keys"] == ["vca"]
    assert "dutch" in [key for each in why["whatHelps"] if each["key"] == "levels" for key in each["keys"]]
    assert 60 < gates["reach"]["change"] < 70


def test_whoever_hires_is_not_told_which_demand_closes_a_job_to_somebody(client, app, tenant):
    add_people(app, tenant.organisation, 1, limits="lifting")
    headers = tenant.bearer("employer")
    vacancy = create_vacancy(client, headers, requirements={"demands": [], "certificates": []})["vacancyId"]
    name = candidates(client, vacancy, headers)["items"][0]["candidateId"]
    path = f"/v1/vacancies/{vacancy}"
    client.put(path + "/requirements", json={"demands": ["lifting"]}, headers=headers | {"If-Match": "*"})
    assert client.get(f"{path}/candidates/{name}/explanation", headers=headers).status_code == 404


def test_every_ranking_shown_leaves_an_audit_entry_without_people(client, app, tenant):
    people = mixed_people(app, tenant.organisation)
    vacancy = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    for _ in range(2):
        candidates(client, vacancy, tenant.bearer("employer"), limit=3)
    entries = rows(app, select(AuditEntry).where(AuditEntry.deed == "ranking-shown"))
    first, second = (json.loads(entry.detail) for entry in entries)
    assert first == second  # the same inputs have the same hash
    assert (first["people"], first["vacancies"], first["shown"]) == (len(people), 1, 3)
    assert not any(person in entry.detail for entry in entries for person in people)
    assert entries[0].subject == vacancy


def test_a_seeker_asks_only_about_herself(client, app, tenant, stranger):
    person = add_people(app, tenant.organisation, 1)[0]
    vacancy = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    own = seeker_headers(app, person)
    assert client.get(f"/v1/people/{person}/vacancies", headers=own).status_code == 200
    for headers in (stranger.bearer("seeker"), stranger.bearer("caseworker"), tenant.bearer("seeker")):
        assert client.get(f"/v1/people/{person}/vacancies", headers=headers).status_code == 404
        path = f"/v1/people/{person}/vacancies/{vacancy}/explanation"
        assert client.get(path, headers=headers).status_code == 404
    assert client.get(f"/v1/people/{person}/vacancies/nothing/explanation", headers=own).status_code == 404
