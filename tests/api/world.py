"""A world to probe: an application, its contract, somebody of every role, and one of everything they can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.testclient import TestClient

from tests.api.conftest import Tenant, make_tenant
from tests.api.test_errors import MARKER, problem_of
from tests.api.test_openapi import operations


@dataclass
class World:
    """A running application, its contract, somebody of every role, and the identifiers of what they have."""

    client: TestClient
    contract: dict[str, Any]
    tenant: Tenant
    ids: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def send(self, method: str, url: str, role: str, **rest: Any) -> Any:
        """Send one request and hold its answer against what must always be so."""
        headers = self.tenant.bearer(role) | rest.pop("headers", {})
        answer = self.client.request(method, url, headers=headers, **rest)
        self.sent += 1
        assert answer.status_code < 500, (method, url[:100], role, str(rest)[:300], answer.text)
        if answer.status_code >= 400:
            problem_of(answer, answer.status_code)
            seen = answer.text + str(answer.headers)
            assert MARKER not in seen, (method, url[:100], str(rest)[:300], seen)
        return answer

    def find(self, name: str) -> tuple[str, str, dict[str, Any]]:
        """Return path, method and description of an operation."""
        return next(each for each in operations(self.contract) if each[2]["operationId"] == name)

    def url(self, path: str, **changed: str) -> str:
        """Return the URL of a path of the contract with real identifiers, or with those that are given."""
        item = self.contract["paths"][path]
        base = item.get("servers", self.contract["servers"])[0]["url"].rstrip("/")
        values = {name: quote(value, safe="") for name, value in self.ids.items()} | changed
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            path = path.replace(f"{{{name}}}", values[name])
        return base + path

    def call(self, name: str, role: str, **rest: Any) -> Any:
        """Do an operation with its example, and keep the identifiers of the answer."""
        path, method, operation = self.find(name)
        if "json" not in rest and example_of(operation) is not None:
            rest["json"] = example_of(operation)
        answer = self.send(method, self.url(path), role, **rest)
        found = answer.json() if answer.status_code < 300 and answer.content.startswith(b"{") else {}
        for each in [found, *[item for item in found.get("items", []) if isinstance(item, dict)]]:
            for member, value in each.items():
                if isinstance(value, str) and (member.endswith("Id") or member == "key"):
                    self.ids.setdefault("occupation" if member == "key" else member, value)
        return answer


def new_world(client: TestClient, name: str) -> World:
    """Make one of everything as the contract's examples say, and a person in the talent pool with a passport."""
    contract = client.get("/v1/openapi.json").json()
    world = World(client, contract, make_tenant(client.app, name))
    world.ids["personId"] = world.tenant.person
    give_passport(world)
    assert world.call("createVacancy", "employer").status_code == 201
    world.call("replaceVisibility", "seeker", json={"visible": True}, headers={"If-Match": "*"})
    assert world.call("listCandidates", "employer").json()["items"]
    assert world.call("createCaseload", "caseworker").status_code == 202
    while client.app.state.worker.run_once():
        pass
    world.call("listOccupations", "anonymous")
    return world


def give_passport(world: World) -> None:
    """Answer questions for the tenant's person until a passport can be issued."""
    world.call("createAssessment", "seeker")
    enough = False
    while not enough:
        item = world.call("getNextItem", "seeker").json()["item"]["item"]
        enough = world.call("createAnswer", "seeker", json={"item": item, "option": 1, "seconds": 9.5}).json()["enough"]
    assert world.call("completeAssessment", "seeker").status_code == 201


def roles_of(operation: dict[str, Any]) -> list[str]:
    """Return the roles that the contract lets do an operation."""
    return [role for each in operation["security"] for role in each.get("bearer", ["anonymous"])]


def example_of(operation: dict[str, Any]) -> Any:
    """Return the example of an operation's body, None without a body."""
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def headers_of(operation: dict[str, Any]) -> dict[str, str]:
    """Return the headers an operation needs to get to work."""
    names = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
    return {"If-Match": "*"} if "If-Match" in names else {}
