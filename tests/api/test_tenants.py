"""An identifier of one organisation in the hands of another finds nothing, whatever operation it is given to."""

from __future__ import annotations

import pytest

from api.access import OPERATIONS
from tests.api.conftest import make_tenant
from tests.api.test_errors import problem_of
from tests.api.world import World, example_of, headers_of, new_world, roles_of

PUBLIC = {"getOccupation"}
# open vacancies are there to be seen by whoever looks for work or helps; the people shown are the caller's own
OPEN = {
    "getVacancy": {"seeker", "caseworker", "admin"},
    "listCandidates": {"caseworker"},
}


@pytest.fixture
def world(client) -> World:
    return new_world(client, "Municipality of Nowhere")


def test_an_identifier_of_another_organisation_finds_nothing(world):
    stranger = World(world.client, world.contract, make_tenant(world.client.app, "Elsewhere Works"), world.ids)
    tried = 0
    for name in sorted(OPERATIONS):
        path, method, operation = world.find(name)
        if "{" not in path or name in PUBLIC:
            continue
        for role in roles_of(operation):
            body = example_of(operation)
            rest = {"headers": headers_of(operation)} | ({} if body is None else {"json": body})
            answer = stranger.send(method, stranger.url(path), role, **rest)
            if role in OPEN.get(name, ()):
                assert answer.status_code == 200, (name, role)
            else:
                problem_of(answer, 404)
                tried += 1
    assert tried > 20


def test_the_owner_finds_what_the_stranger_does_not(world):
    for name in ("getPerson", "getPassport", "getVacancy", "getAssessment", "getJob", "listCaseloadResults"):
        path, method, operation = world.find(name)
        statuses = {world.send(method, world.url(path), role).status_code for role in roles_of(operation)}
        assert 200 in statuses, name


def test_employers_see_pseudonyms_and_no_two_organisations_the_same(world):
    other = make_tenant(world.client.app, "Elsewhere Works")
    theirs = World(world.client, world.contract, other, {})
    theirs.call("createVacancy", "employer")
    names = []
    for each in (world, theirs):
        answer = each.call("listCandidates", "employer")
        assert world.tenant.person not in answer.text
        names.append({item["candidateId"] for item in answer.json()["items"]})
    assert names[0]
    assert names[1]
    assert not names[0] & names[1]
