"""Every example of the contract works in a fresh organisation, and answers say no more than the contract."""

from __future__ import annotations

import pytest

from api.access import OPERATIONS, Role
from tests.api.helpers import SKILLS, add_people, create_vacancy, start


def bodies(contract):
    """Yield (operation, method, path below /v1, example) of everything that takes a body."""
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                yield from ((operation["operationId"], method, path, example) for example in schema["examples"])


def test_every_example_of_a_body_works(client, tenant):
    places = {"personId": tenant.person, "vacancyId": create_vacancy(client, tenant.bearer("employer"))["vacancyId"]}
    tried = set()
    for operation, method, path, example in bodies(client.get("/v1/openapi.json").json()):
        if operation == "createAnswer":
            continue  # which item is asked differs from one assessment to the next
        role = next(role for role in (Role.ADMIN, Role.SEEKER) if role in OPERATIONS[operation])
        headers = tenant.bearer(str(role)) | ({"If-Match": "*"} if method == "put" else {})
        answer = client.request(method, "/v1" + path.format(**places), json=example, headers=headers)
        assert answer.status_code in (200, 201, 202), (operation, answer.text)
        if answer.status_code != 200 and operation != "createToken":
            assert answer.headers["Location"], operation
        tried.add(operation)
    assert {"createPerson", "createAssessment", "createVacancy", "createCaseload", "replaceProfile"} <= tried


def test_the_example_of_an_answer_has_the_members_of_one(client):
    examples = {name: example for name, _, _, example in bodies(client.get("/v1/openapi.json").json())}
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    item = client.get(path + "/next-item", headers=headers).json()["item"]["item"]
    sent = client.post(path + "/answers", json=examples["createAnswer"] | {"item": item}, headers=headers)
    assert sent.status_code == 201


@pytest.mark.parametrize("role", ["caseworker", "admin"])
def test_a_vacancy_for_everybody_has_an_answer_for_everybody(client, app, tenant, role):
    add_people(app, tenant.organisation, 2)
    vacancy = create_vacancy(client, tenant.bearer("admin"))["vacancyId"]
    answer = client.get(f"/v1/vacancies/{vacancy}/candidates", headers=tenant.bearer(role)).json()
    assert set(answer) == {"items", "considered", "refusals"}
    line = {"candidateId", "fit", "fitLow", "fitHigh", "reasons", "gaps", "unknown", "measured"}
    assert all(set(each) == line for each in answer["items"])
    assert all(part["skill"] in SKILLS for each in answer["items"] for part in each["reasons"] + each["gaps"])
