"""Sessions, pragmas and migrations: the database is as the tables say, from whatever process starts first."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import stat
import threading

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from api.settings import Settings
from api.store.accounts import now
from api.store.session import at_head, make_engine, migrate, migration_config, readers, sessions
from api.store.tables import Base, Organisation, Token


@pytest.fixture
def engine(settings):
    engine = make_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path):
    """An engine on SQLite, whatever the suite runs on."""
    engine = make_engine(Settings(data=tmp_path / "sqlite"))
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_code(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_down_leaves_nothing_and_up_again_everything(engine):
    with engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        assert not at_head(connection)
    migrate(engine)
    with engine.connect() as connection:
        assert at_head(connection)
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())


def test_migrating_again_changes_nothing(engine):
    with sessions(engine).begin() as session:
        session.add(Organisation(id="a", name="Municipality of Nowhere", created_at=now()))
    migrate(engine)
    with sessions(engine, reading=True)() as session:
        assert session.get_one(Organisation, "a").name == "Municipality of Nowhere"


def migrate_at(data, barrier, results) -> None:
    engine = make_engine(Settings(data=data))
    barrier.wait(timeout=60)
    try:
        migrate(engine)
        results.put("done")
    except Exception as error:
        results.put(repr(error))
    finally:
        engine.dispose()


def test_processes_that_start_at_once_migrate_once_and_all_start(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(3), spawn.Queue()
    starters = [spawn.Process(target=migrate_at, args=(tmp_path, barrier, results)) for _ in range(3)]
    for each in starters:
        each.start()
    assert [results.get(timeout=120) for _ in starters] == ["done"] * 3
    for each in starters:
        each.join()


def test_sqlite_is_durable_and_keeps_its_references(sqlite):
    with sqlite.connect() as connection:
        pragma = {name: connection.scalar(text(f"PRAGMA {name}")) for name in PRAGMAS}
    assert pragma == PRAGMAS


PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_reading_session_cannot_write_and_does_not_keep_others_from_it(engine):
    write = sessions(engine)
    with readers(write)() as session, pytest.raises(DBAPIError, match=r"read-?only"):
        session.add(Organisation(id="a", name="a", created_at=now()))
        session.flush()
    with write.begin() as session:
        session.add(Organisation(id="a", name="a", created_at=now()))


def test_writers_wait_for_each_other_and_lose_no_update(sqlite):
    write = sessions(sqlite)
    with write.begin() as session:
        session.add(Organisation(id="a", name="0", created_at=now()))

    def count() -> None:
        for _ in range(20):
            with write.begin() as session:
                row = session.get_one(Organisation, "a")
                row.name = str(int(row.name) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with write() as session:
        assert session.get_one(Organisation, "a").name == "80"


def test_a_reader_sees_one_moment_while_others_write(sqlite):
    write = sessions(sqlite)
    with readers(write)() as reader:
        assert reader.scalars(select(Organisation.id)).all() == []
        with write.begin() as session:
            session.add(Organisation(id="a", name="a", created_at=now()))
        assert reader.scalars(select(Organisation.id)).all() == []


def test_a_reference_to_nothing_is_refused(engine):
    with sessions(engine)() as session, pytest.raises(IntegrityError):
        session.add(Token(id="a", hash="a", role="seeker", person_id="nobody", created_at=now()))
        session.flush()


def test_times_come_back_in_utc_and_a_time_without_zone_is_refused(engine):
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    write = sessions(engine)
    with write.begin() as session:
        session.add(Organisation(id="a", name="a", created_at=moment))
    with write() as session:
        found = session.get_one(Organisation, "a").created_at
        assert found == moment
        assert found.tzinfo is dt.UTC
    with Session(engine) as session, pytest.raises(Exception, match="aware time"):
        session.add(Organisation(id="b", name="b", created_at=dt.datetime(2026, 1, 2)))  # noqa: DTZ001
        session.flush()


def test_errors_do_not_show_what_was_written(sqlite):
    with sessions(sqlite)() as session, pytest.raises(IntegrityError) as caught:
        session.add(Token(id="a", hash="zebra-7431", role="nobody", created_at=now()))
        session.flush()
    assert "zebra-7431" not in str(caught.value)


def test_the_secret_is_made_once_and_kept_for_the_owner_alone(tmp_path):
    first = Settings(data=tmp_path / "new").secret_key()
    assert len(first) >= 32
    assert Settings(data=tmp_path / "new").secret_key() == first
    assert Settings(data=tmp_path / "other").secret_key() != first
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]


def test_settings_come_from_the_environment_and_show_no_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("PASSPORT_DATA", str(tmp_path))
    monkeypatch.setenv("PASSPORT_SECRET", "zebra-7431-zebra-7431")
    monkeypatch.setenv("PASSPORT_DATABASE_URL", "postgresql://someone:zebra-7431@db/passport")
    settings = Settings()
    assert settings.data == tmp_path
    assert settings.secret_key() == b"zebra-7431-zebra-7431"
    assert settings.url().startswith("postgresql")
    assert "zebra-7431" not in repr(settings)


def test_an_empty_variable_is_as_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PASSPORT_DATA", str(tmp_path))
    monkeypatch.setenv("PASSPORT_SECRET", "")
    monkeypatch.setenv("PASSPORT_DATABASE_URL", "")
    assert Settings().url() == f"sqlite:///{tmp_path / 'passport.sqlite'}"
    assert len(Settings().secret_key()) >= 32
