"""Vacancies: pre-filled from an occupation, changed by their own organisation, refused with every fault."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select

from api.services import content
from api.store.tables import Vacancy
from tests.api.helpers import SKILLS, create_vacancy, rows

PROFILE = {
    "skills": [{"skill": "safety", "band": 4, "importance": 0.5}, {"skill": "rules", "band": 3, "importance": 0.25}]
}


def test_an_occupation_key_is_enough_to_describe_a_job(client, tenant):
    vacancy = create_vacancy(client, tenant.bearer("employer"))
    welder = content.load().occupations["welder"]
    assert vacancy["title"] == welder.labels["en"]
    assert vacancy["requirements"]["sector"] == welder.sector
    assert set(vacancy["requirements"]["certificates"]) == set(welder.certificates)
    asked = {ask["skill"]: ask["band"] for ask in vacancy["profile"]}
    assert asked == {ask.skill: ask.band for ask in welder.asks if ask.band and ask.importance}
    assert sum(ask["importance"] for ask in vacancy["profile"]) == pytest.approx(1, abs=1e-4)


def test_every_occupation_makes_a_vacancy(client, tenant):
    for occupation in content.load().occupations:
        create_vacancy(client, tenant.bearer("employer"), occupation=occupation, language="nl")


def test_given_requirements_take_the_place_of_the_usual_ones(client, tenant):
    usual = create_vacancy(client, tenant.bearer("employer"))["requirements"]
    given = {"certificates": [], "dutch": 1, "latitude": 51.4, "longitude": 5.5}
    changed = create_vacancy(
        client, tenant.bearer("employer"), requirements=given, seats=3, title="Welder, early shift"
    )
    assert changed["requirements"] == usual | given
    assert (changed["seats"], changed["title"]) == (3, "Welder, early shift")


def test_all_faults_of_a_new_vacancy_are_told_at_once(client, tenant):
    given = {"certificates": ["wizardry"], "sector": "magic", "hoursMin": 50, "hoursMax": 20, "longitude": 5}
    refused = client.post(
        "/v1/vacancies", json={"occupation": "welder", "requirements": given}, headers=tenant.bearer("employer")
    )
    assert refused.status_code == 400
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    members = ("certificates/0", "sector", "hoursMax", "latitude")
    assert pointers == {f"/requirements/{member}" for member in members}
    unknown = client.post("/v1/vacancies", json={"occupation": "wizard"}, headers=tenant.bearer("employer"))
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/occupation"]


def test_a_profile_is_replaced_whole_and_its_importances_sum_to_one(client, app, tenant):
    vacancy, headers = create_vacancy(client, tenant.bearer("employer")), tenant.bearer("employer")
    path = f"/v1/vacancies/{vacancy['vacancyId']}"
    changed = client.put(path + "/profile", json=PROFILE, headers=headers | {"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    asked = {ask["skill"]: (ask["band"], ask["importance"]) for ask in changed.json()["profile"]}
    assert asked == {"safety": (4, pytest.approx(2 / 3, abs=1e-5)), "rules": (3, pytest.approx(1 / 3, abs=1e-5))}
    stored = rows(app, select(Vacancy))[0]
    assert np.frombuffer(stored.band, np.int8)[SKILLS.index("safety")] == 4
    assert client.get(path, headers=headers).json() == changed.json()


@pytest.mark.parametrize(
    ("skills", "pointer"),
    [
        ([{"skill": "wizardry", "band": 3, "importance": 1}], "/skills/0/skill"),
        (PROFILE["skills"] + PROFILE["skills"][:1], "/skills/2/skill"),
        ([{"skill": "safety", "band": 0, "importance": 1}], "/skills/0/band"),
        ([{"skill": "safety", "band": 6, "importance": 1}], "/skills/0/band"),
        ([{"skill": "safety", "band": 3, "importance": 0}], "/skills/0/importance"),
        ([], "/skills"),
    ],
)
def test_a_profile_that_asks_nothing_sensible_is_refused(client, tenant, skills, pointer):
    vacancy, headers = create_vacancy(client, tenant.bearer("employer")), tenant.bearer("employer")
    path = f"/v1/vacancies/{vacancy['vacancyId']}/profile"
    refused = client.put(path, json={"skills": skills}, headers=headers | {"If-Match": '"1"'})
    assert refused.status_code == 400
    assert pointer in [fault["pointer"] for fault in refused.json()["errors"]]


def test_what_requirements_leave_out_is_no_longer_asked(client, tenant):
    vacancy, headers = create_vacancy(client, tenant.bearer("employer")), tenant.bearer("employer")
    path = f"/v1/vacancies/{vacancy['vacancyId']}/requirements"
    changed = client.put(path, json={"dutch": 2}, headers=headers | {"If-Match": '"1"'}).json()["requirements"]
    nothing = {"certificates": [], "demands": [], "education": 0, "english": 0, "remote": False}
    unknown = dict.fromkeys(("hoursMin", "hoursMax", "sector", "latitude", "longitude"))
    assert changed == nothing | unknown | {"dutch": 2}


def test_a_change_names_the_version_it_changes(client, tenant):
    vacancy, headers = create_vacancy(client, tenant.bearer("employer")), tenant.bearer("employer")
    for step, body in (("profile", PROFILE), ("requirements", {})):
        path = f"/v1/vacancies/{vacancy['vacancyId']}/{step}"
        assert client.put(path, json=body, headers=headers).status_code == 428
        assert client.put(path, json=body, headers=headers | {"If-Match": '"9"'}).status_code == 412


def test_only_the_own_organisation_changes_a_vacancy(client, tenant, stranger):
    vacancy = create_vacancy(client, tenant.bearer("employer"))
    path = f"/v1/vacancies/{vacancy['vacancyId']}"
    missing = client.get("/v1/vacancies/nothing", headers=stranger.bearer("employer")).json()
    assert client.get(path, headers=stranger.bearer("employer")).json() == missing
    for role in ("employer", "admin"):
        for step, body in (("profile", PROFILE), ("requirements", {})):
            headers = stranger.bearer(role) | {"If-Match": "*"}
            assert client.put(f"{path}/{step}", json=body, headers=headers).status_code == 404
    for role in ("seeker", "caseworker"):
        assert client.get(path, headers=stranger.bearer(role)).status_code == 200  # open: anybody may be placed on it
        assert client.put(f"{path}/profile", json=PROFILE, headers=stranger.bearer(role)).status_code == 403


def test_an_employer_lists_the_own_vacancies_and_a_seeker_all_open_ones(client, tenant, stranger):
    mine = create_vacancy(client, tenant.bearer("employer"))["vacancyId"]
    theirs = create_vacancy(client, stranger.bearer("employer"))["vacancyId"]

    def listed(headers):
        return {each["vacancyId"] for each in client.get("/v1/vacancies", headers=headers).json()["items"]}

    assert listed(tenant.bearer("employer")) == {mine}
    assert listed(stranger.bearer("employer")) == {theirs}
    assert listed(tenant.bearer("seeker")) == listed(tenant.bearer("caseworker")) == {mine, theirs}


def test_the_same_idempotency_key_makes_one_vacancy(client, app, tenant):
    headers = tenant.bearer("employer") | {"Idempotency-Key": "one"}
    first, second = (client.post("/v1/vacancies", json={"occupation": "welder"}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert len(rows(app, select(Vacancy))) == 1


def test_occupations_are_open_to_everybody_with_a_source_for_every_value(client):
    listed = client.get("/v1/occupations").json()
    assert "welder" in [each["key"] for each in listed["items"]]
    assert {"vca", "forklift"} <= {term["key"] for term in listed["certificates"]}
    welder = client.get("/v1/occupations/welder").json()
    assert [ask["skill"] for ask in welder["asks"]] == list(SKILLS)
    assert all(ask["source"] for ask in welder["asks"])
    assert set(welder["labels"]) == {"en", "nl"}
    assert client.get("/v1/occupations/wizard").status_code == 404
