"""Tokens: shown once, kept as a hash, good for one organisation, and not for ever."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from sqlalchemy import select

from api.store import accounts
from api.store.tables import AuditEntry, Person, Pseudonym, Token


def test_every_role_sees_its_own_account(client, tenant):
    for role in ("employer", "caseworker", "admin"):
        answer = client.get("/v1/accounts/current", headers=tenant.bearer(role)).json()
        assert answer["role"] == role
        assert answer["organisation"] == {"id": tenant.organisation, "name": "Municipality of Nowhere"}
        assert answer["personId"] is None
    seeker = client.get("/v1/accounts/current", headers=tenant.bearer("seeker")).json()
    assert seeker["personId"] == tenant.person
    assert seeker["organisation"] is None


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic abc", "bearer \xff\xfe", "Token x y"]
)
def test_a_token_nobody_knows_is_refused(client, header):
    answer = client.get("/v1/accounts/current", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_two_tokens_at_once_are_refused(client, tenant):
    both = [("Authorization", f"Bearer {tenant.tokens[role]}") for role in ("admin", "employer")]
    assert client.get("/v1/accounts/current", headers=both).status_code == 401


def test_an_admin_makes_a_token_that_works_and_is_kept_only_as_a_hash(client, tenant, session):
    answer = client.post("/v1/tokens", json={"role": "caseworker"}, headers=tenant.bearer("admin"))
    assert answer.status_code == 201
    plain = answer.json()["token"]
    assert client.get("/v1/people", headers={"Authorization": f"Bearer {plain}"}).status_code == 200
    row = session.get_one(Token, answer.json()["tokenId"])
    assert row.hash == hashlib.sha256(plain.encode()).hexdigest()
    assert row.organisation_id == tenant.organisation
    deeds = session.scalars(select(AuditEntry.deed).where(AuditEntry.subject == row.id)).all()
    assert deeds == ["token-created"]


def test_a_token_has_thirty_two_random_bytes(session):
    plains = {accounts.create_token(session, "admin")[1] for _ in range(20)}
    assert len(plains) == 20
    assert min(map(len, plains)) >= 43  # 32 bytes in base64


def test_only_an_admin_makes_tokens(client, tenant):
    for role in ("seeker", "employer", "caseworker"):
        answer = client.post("/v1/tokens", json={"role": "admin"}, headers=tenant.bearer(role))
        assert answer.status_code == 403


def test_a_seekers_token_is_for_a_person_of_the_own_organisation(client, tenant, stranger):
    own = {"role": "seeker", "personId": tenant.person}
    made = client.post("/v1/tokens", json=own, headers=tenant.bearer("admin"))
    assert made.status_code == 201
    account = client.get("/v1/accounts/current", headers={"Authorization": f"Bearer {made.json()['token']}"}).json()
    assert account["personId"] == tenant.person
    for body in ({"role": "seeker", "personId": stranger.person}, {"role": "seeker"}, own | {"role": "admin"}):
        refused = client.post("/v1/tokens", json=body, headers=tenant.bearer("admin"))
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "/personId"


def test_an_expired_token_is_refused(client, app, tenant):
    yesterday = accounts.now() - dt.timedelta(days=1)
    with app.state.writers.begin() as session:
        _, plain = accounts.create_token(session, "admin", organisation_id=tenant.organisation, expires_at=yesterday)
    assert client.get("/v1/accounts/current", headers={"Authorization": f"Bearer {plain}"}).status_code == 401


def test_a_token_may_be_made_to_expire(client, tenant):
    body = {"role": "employer", "expiresInDays": 30}
    answer = client.post("/v1/tokens", json=body, headers=tenant.bearer("admin")).json()
    expires = dt.datetime.fromisoformat(answer["expiresAt"])
    assert dt.timedelta(days=29) < expires - accounts.now() < dt.timedelta(days=31)
    assert expires.utcoffset() == dt.timedelta(0)


def test_an_organisation_has_one_name_for_a_person_and_every_other_organisation_another(session, tenant, stranger):
    first = accounts.pseudonyms(session, tenant.organisation, [tenant.person, tenant.person])
    again = accounts.pseudonyms(session, tenant.organisation, [tenant.person, stranger.person])
    other = accounts.pseudonyms(session, stranger.organisation, [tenant.person])
    assert again[tenant.person] == first[tenant.person]
    assert len({first[tenant.person], again[stranger.person], other[tenant.person]}) == 3
    assert tenant.person not in first.values()


def test_a_pseudonym_leads_back_only_for_the_organisation_it_was_made_for(session, tenant, stranger):
    name = accounts.pseudonyms(session, tenant.organisation, [tenant.person])[tenant.person]
    assert accounts.person_of(session, tenant.organisation, name) == tenant.person
    assert accounts.person_of(session, stranger.organisation, name) is None


def test_pseudonyms_of_many_people_are_made_at_once(session, tenant):
    people = [f"person-{number}" for number in range(1201)]
    session.add_all(Person(id=person, created_at=accounts.now()) for person in people)
    session.flush()
    names = accounts.pseudonyms(session, tenant.organisation, people)
    assert set(names) == set(people)
    assert len(set(names.values())) == len(people)
    assert len(session.scalars(select(Pseudonym.id)).all()) == len(people)
