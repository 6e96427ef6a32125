"""Engines, sessions and migrations. Nobody below the edge commits.

SQLite: readers begin plainly and may not write. Writers begin IMMEDIATE, because a reader that turns writer half-way is
refused at once ("database is locked") when somebody else wrote in between, however long it would wait. Recorders take
that risk: they read for long, write a line at the end, and are run again as writers when they are refused.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

from api.settings import Settings

WAIT_SECONDS = 5  # for a lock or a connection, before a caller is told to come back later
# as many connections as the server has threads; errors are shown without the values they are about
POOL: dict[str, Any] = {"pool_size": 20, "max_overflow": 20, "pool_timeout": WAIT_SECONDS, "hide_parameters": True}
MIGRATION_LOCK = 7_216_114_385_219_773_011  # any constant: the name of our advisory lock on PostgreSQL


def make_engine(settings: Settings) -> Engine:
    """Return an engine for the settings' database; a SQLite file's directory is made when it is not there."""
    url = settings.url()
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": WAIT_SECONDS}, **POOL)
    engine = create_engine(url, **POOL)
    if engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in (
        f"busy_timeout = {WAIT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    reading, recording = options.get("reading", False), options.get("recording", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading or recording else "BEGIN IMMEDIATE")


def sessions(engine: Engine, *, reading: bool = False, recording: bool = False) -> sessionmaker[Session]:
    """Return a maker of sessions: writing ones, which hold SQLite's write lock from their start, or another kind."""
    bound = engine.execution_options(reading=reading, recording=recording)
    if reading:
        bound = bound.execution_options(postgresql_readonly=True)
    return sessionmaker(bound, expire_on_commit=False)


def readers(writers: sessionmaker[Session]) -> sessionmaker[Session]:
    """Return the maker of reading sessions on the engine of these writing ones."""
    return sessions(writers.kw["bind"], reading=True)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest revision; of two processes that start at once, one works and the other waits."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migration_config() -> Config:
    """Return Alembic's configuration, with the migrations found beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def at_head(connection: Connection) -> bool:
    """Say whether the database is at the newest revision this code knows."""
    current = MigrationContext.configure(connection).get_current_revision()
    return current == _head()


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(migration_config()).get_current_head()
