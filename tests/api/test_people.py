"""People: what the gates may use, the talent pool, and what a passport says about them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from sqlalchemy import select

from api.services.passports import bands, skill_levels
from api.store import people
from api.store.tables import AuditEntry, PassportRow
from tests.api.helpers import FRAMEWORK, SKILLS, add_people, give_passport, rows, seeker_headers

KNOWN = {
    "certificates": ["forklift", "vca"],
    "limits": ["heights"],
    "education": 3,
    "dutch": 4,
    "english": None,
    "hoursMin": 16.0,
    "hoursMax": 32.0,
    "sectors": ["industry"],
    "latitude": 51.44,
    "longitude": 5.48,
    "reachKm": 20.0,
}
UNKNOWN = dict.fromkeys(KNOWN) | {"limits": [], "sectors": []}


def test_a_caseworker_makes_a_person_who_can_be_read_back(client, tenant):
    headers = tenant.bearer("caseworker")
    made = client.post("/v1/people", json={"attributes": KNOWN}, headers=headers)
    assert made.status_code == 201
    assert made.json()["attributes"] == KNOWN
    assert made.json()["visible"] is False
    read = client.get(made.headers["Location"], headers=headers)
    assert read.json() == made.json()
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'


def test_what_nobody_said_is_unknown_and_not_no(client, tenant):
    made = client.post("/v1/people", json={}, headers=tenant.bearer("caseworker"))
    assert made.json()["attributes"] == UNKNOWN


def test_holding_no_certificate_is_not_the_same_as_unknown(client, tenant):
    body = {"attributes": {"certificates": []}}
    assert (
        client.post("/v1/people", json=body, headers=tenant.bearer("caseworker")).json()["attributes"]["certificates"]
        == []
    )


def test_all_faults_of_attributes_are_told_at_once_without_repeating_them(client, tenant):
    wrong = KNOWN | {"certificates": ["vca", "wizardry"], "sectors": ["magic"], "hoursMin": 40.0, "latitude": None}
    path = f"/v1/people/{tenant.person}/attributes"
    refused = client.put(path, json=wrong, headers=tenant.bearer("seeker") | {"If-Match": '"1"'})
    assert refused.status_code == 400
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {"/certificates/1", "/sectors/0", "/hoursMax", "/latitude"}
    assert "wizardry" not in refused.text


def test_a_seeker_changes_her_own_attributes_when_she_names_the_version(client, tenant):
    headers, path = tenant.bearer("seeker"), f"/v1/people/{tenant.person}"
    assert client.put(path + "/attributes", json=KNOWN, headers=headers).status_code == 428
    changed = client.put(path + "/attributes", json=KNOWN, headers=headers | {"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.json()["attributes"] == KNOWN
    assert changed.headers["ETag"] == '"2"'
    stale = client.put(path + "/attributes", json={}, headers=headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    assert client.get(path, headers=headers).json()["attributes"] == KNOWN


def test_only_the_person_herself_enters_the_talent_pool(client, tenant):
    path = f"/v1/people/{tenant.person}/visibility"
    for role in ("caseworker", "admin", "employer"):
        refused = client.put(path, json={"visible": True}, headers=tenant.bearer(role) | {"If-Match": '"1"'})
        assert refused.status_code == 403
    entered = client.put(path, json={"visible": True}, headers=tenant.bearer("seeker") | {"If-Match": '"1"'})
    assert entered.json()["visible"] is True


def test_another_person_or_organisation_sees_nobody(client, tenant, stranger):
    missing = client.get("/v1/people/nobody", headers=stranger.bearer("caseworker"))
    for role in ("seeker", "caseworker", "admin"):
        hidden = client.get(f"/v1/people/{tenant.person}", headers=stranger.bearer(role))
        assert (hidden.status_code, hidden.json()) == (404, missing.json())
        headers = stranger.bearer(role) | {"If-Match": "*"}
        assert client.put(f"/v1/people/{tenant.person}/attributes", json={}, headers=headers).status_code == 404
        assert client.get(f"/v1/people/{tenant.person}/passport", headers=stranger.bearer(role)).status_code == 404
    assert (
        client.put(
            f"/v1/people/{tenant.person}/visibility",
            json={"visible": True},
            headers=stranger.bearer("seeker") | {"If-Match": "*"},
        ).status_code
        == 404
    )


def test_pages_of_people_hold_everybody_of_the_own_organisation_once(client, app, tenant, stranger):
    mine = {*add_people(app, tenant.organisation, 7), tenant.person}
    add_people(app, stranger.organisation, 3)
    found, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/people", params=query, headers=tenant.bearer("caseworker")).json()
        found += [person["personId"] for person in page["items"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert len(found) == len(mine)
    assert set(found) == mine


def test_every_change_leaves_an_audit_entry_without_personal_data(client, app, tenant):
    headers = tenant.bearer("seeker") | {"If-Match": "*"}
    client.put(f"/v1/people/{tenant.person}/attributes", json=KNOWN, headers=headers)
    client.put(f"/v1/people/{tenant.person}/visibility", json={"visible": True}, headers=headers)
    entries = rows(app, select(AuditEntry).where(AuditEntry.subject == tenant.person))
    assert [entry.deed for entry in entries] == ["attributes-replaced", "visibility-replaced"]
    assert not any("forklift" in entry.detail or "51.44" in entry.detail for entry in entries)


# Passports


def test_a_person_reads_her_passport_and_her_caseworker_reads_it_too(client, app, tenant):
    assert client.get(f"/v1/people/{tenant.person}/passport", headers=tenant.bearer("seeker")).status_code == 404
    give_passport(app, tenant.person, seed=1)
    path = f"/v1/people/{tenant.person}/passport"
    own = client.get(path, headers=tenant.bearer("seeker"))
    assert own.json() == client.get(path, headers=tenant.bearer("caseworker")).json()
    assert [skill["skill"] for skill in own.json()["skills"]] == list(SKILLS)
    assert client.get(path, headers=tenant.bearer("employer")).status_code == 403
    dutch = client.get(path, params={"language": "nl"}, headers=tenant.bearer("seeker")).json()
    assert [skill["name"] for skill in dutch["skills"]] == list(FRAMEWORK.names["nl"])


def test_the_newest_passport_counts(client, app, tenant):
    give_passport(app, tenant.person, seed=1)
    newest = give_passport(app, tenant.person, seed=2)
    shown = client.get(f"/v1/people/{tenant.person}/passport", headers=tenant.bearer("seeker")).json()
    np.testing.assert_allclose([skill["level"] for skill in shown["skills"]], newest.mean, atol=1e-4)
    assert sorted(rows(app, select(PassportRow.current))) == [False, True]


def test_strengths_are_measured_skills_only_strongest_first(client, app, tenant):
    give_passport(app, tenant.person, measured=False)
    shown = client.get(f"/v1/people/{tenant.person}/passport", headers=tenant.bearer("seeker")).json()
    assert shown["strengths"] == []
    assert not any(skill["measured"] for skill in shown["skills"])
    passport = give_passport(app, tenant.person, seed=3)
    shown = client.get(f"/v1/people/{tenant.person}/passport", headers=tenant.bearer("seeker")).json()
    assert shown["strengths"] == [SKILLS[k] for k in np.argsort(-passport.mean, kind="stable")]


FIVE_SKILLS = SimpleNamespace(skills=SKILLS[:5], names={"en": SKILLS[:5]}, descriptions={"en": SKILLS[:5]})


def test_a_band_stands_alone_only_when_it_is_four_fifths_sure():
    mean = np.array([0.0, 0.0, 0.37, 3.0, -0.05], np.float32)
    sd = np.array([0.2, 0.6, 0.2, 0.6, 0.28], np.float32)
    levels = skill_levels(mean, sd, np.ones(5, bool), FIVE_SKILLS, "en")
    assert [level.band for level in levels] == [3, 3, 3, 5, 3]
    assert [level.between for level in levels] == [None, (2, 4), (3, 4), None, None]


def test_bands_lie_three_quarters_of_a_standard_deviation_apart():
    np.testing.assert_array_equal(bands((np.arange(1, 6) - 3) * 0.75), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(bands(np.array([-9.0, 9.0])), [1, 5])


def test_a_stored_passport_is_the_one_that_was_issued(app, tenant):
    passport = give_passport(app, tenant.person, seed=5)
    stored = rows(app, select(PassportRow))[0]
    np.testing.assert_array_equal(people.vector(stored.mean, len(SKILLS)), passport.mean)
    np.testing.assert_array_equal(people.unpack_triangle(stored.covariance, len(SKILLS)), passport.covariance)


def test_a_person_without_account_of_her_own_can_be_given_one(client, app, tenant):
    person = add_people(app, tenant.organisation, 1)[0]
    assert client.get(f"/v1/people/{person}", headers=seeker_headers(app, person)).status_code == 200
