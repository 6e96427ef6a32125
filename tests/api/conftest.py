"""An application on a fresh database for every test, with somebody of every role. Everybody here is invented."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.store import accounts
from api.store.session import make_engine, migrate
from api.store.tables import Person

SERVER = os.environ.get("PASSPORT_TEST_SERVER")  # postgresql+psycopg://user@host: run on that instead of SQLite
ROLES = ("seeker", "employer", "caseworker", "admin")


@dataclass(frozen=True)
class Tenant:
    """One organisation with a person of its own and a token for every role."""

    organisation: str
    person: str
    tokens: dict[str, str]

    def bearer(self, role: str) -> dict[str, str]:
        """Return the headers with which this role calls; none for "anonymous"."""
        return {} if role == "anonymous" else {"Authorization": f"Bearer {self.tokens[role]}"}


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Settings]]:
    """A maker of settings with a migrated, empty database, copied each time: migrating takes longer than most tests."""
    data = tmp_path_factory.mktemp("template")
    if SERVER is None:
        settings = Settings(data=data)
        migrate_once(settings)  # closing the last connection folds the WAL into the file
        yield lambda path: copied(data / "passport.sqlite", path)
        return
    name = f"passport_{os.getpid()}"
    with server(f"CREATE DATABASE {name}") as run:
        migrate_once(Settings(data=data, database_url=on_server(name)))
        made: list[str] = []

        def clone(path: Path) -> Settings:
            made.append(f"{name}_{len(made)}")
            run(f"CREATE DATABASE {made[-1]} TEMPLATE {name}")
            return Settings(data=path, database_url=on_server(made[-1]), auto_migrate=False, access_log=False)

        yield clone
        for each in [*made, name]:
            run(f"DROP DATABASE {each} WITH (FORCE)")


def migrate_once(settings: Settings) -> None:
    engine = make_engine(settings)
    migrate(engine)
    engine.dispose()


def copied(template: Path, path: Path) -> Settings:
    shutil.copy(template, path / template.name)
    return Settings(data=path, auto_migrate=False, access_log=False)


def on_server(database: str) -> str:
    return make_url(str(SERVER)).set(database=database).render_as_string(hide_password=False)


@contextmanager
def server(first: str) -> Iterator[Callable[[str], object]]:
    engine = create_engine(on_server("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(first)
        yield connection.exec_driver_sql
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path, fresh: Callable[[Path], Settings]) -> Settings:
    return fresh(tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = create_app(settings)
    yield app
    app.state.engine.dispose()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def session(app: FastAPI) -> Iterator[Session]:
    """A writing session beside the application's own; commit before calling the application."""
    with app.state.writers() as session:
        yield session


@pytest.fixture
def tenant(app: FastAPI) -> Tenant:
    return make_tenant(app, "Municipality of Nowhere")


@pytest.fixture
def stranger(app: FastAPI) -> Tenant:
    return make_tenant(app, "Elsewhere Works")


def make_tenant(app: FastAPI, name: str) -> Tenant:
    with app.state.writers.begin() as session:
        owner = accounts.organisation(session, name)
        person = Person(id=accounts.new_id(), organisation_id=owner.id, created_at=accounts.now())
        session.add(person)
        session.flush()
        tokens = {}
        for role in ROLES:
            whose = {"person_id": person.id} if role == "seeker" else {"organisation_id": owner.id}
            tokens[role] = accounts.create_token(session, role, **whose)[1]
        return Tenant(owner.id, person.id, tokens)
