"""The tables: what we remember. Skill vectors are little-endian blobs beside their framework version, never JSON.

Times are UTC. Identifiers are opaque random text. Every row that belongs to somebody names the organisation (tenant)
or the person it belongs to, so that the visibility rule in `api.access` can be stated once over these columns.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy import DateTime as _DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Store aware times as UTC; SQLite forgets zones, so the zone is put back on the way out."""

    impl = _DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone came, an aware time was expected")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Organisation(Base):
    """A municipality, an employer or a provider: the tenant."""

    __tablename__ = "organisations"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())


class Person(Base):
    """Somebody who is assessed or placed. No name, no address: contact details come with accounts and consent."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str | None] = mapped_column(
        ForeignKey("organisations.id"), index=True
    )  # None: came by herself
    visible: Mapped[bool] = mapped_column(default=False)  # in the talent pool, by her own act
    # what the gates may use; None is unknown and never counts as no
    certificates: Mapped[str | None] = mapped_column(Text)  # keys joined by ";", "" = holds none
    limits: Mapped[str] = mapped_column(Text, default="")
    education: Mapped[int | None]
    dutch: Mapped[int | None]
    english: Mapped[int | None]
    hours_min: Mapped[float | None]
    hours_max: Mapped[float | None]
    sectors: Mapped[str] = mapped_column(Text, default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    reach_km: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)  # for ETag and If-Match
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())


class Token(Base):
    """A bearer token: shown once, kept as SHA-256."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (CheckConstraint("role IN ('seeker', 'employer', 'caseworker', 'admin')", name="role"),)


class Assessment(Base):
    __tablename__ = "assessments"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    framework: Mapped[str] = mapped_column(String(40))
    bank: Mapped[str] = mapped_column(String(40))
    seed: Mapped[int]
    status: Mapped[str] = mapped_column(String(20), default="started")
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (CheckConstraint("status IN ('started', 'finished')", name="status"),)


class Answer(Base):
    """One raw answer: the option chosen, never only its grade, so that it can be scored again."""

    __tablename__ = "answers"
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0, 1, ... in the order asked
    item: Mapped[str] = mapped_column(String(80))
    option: Mapped[int | None]  # index of the option as written in the content file; None: skipped
    seconds: Mapped[float | None]
    answered_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    __table_args__ = (UniqueConstraint("assessment_id", "item"),)


class PassportRow(Base):
    """One issued passport; the newest of a person counts."""

    __tablename__ = "passports"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    assessment_id: Mapped[str | None] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    framework: Mapped[str] = mapped_column(String(40))
    bank: Mapped[str] = mapped_column(String(40))
    norm: Mapped[str] = mapped_column(String(40))
    mean: Mapped[bytes] = mapped_column(LargeBinary)  # float32 (S,)
    sd: Mapped[bytes] = mapped_column(LargeBinary)  # float32 (S,)
    covariance: Mapped[bytes | None] = mapped_column(LargeBinary)  # float32 upper triangle, row by row
    own_information: Mapped[bytes] = mapped_column(LargeBinary)  # float32 (S,), 0 = not measured
    issued: Mapped[dt.date]
    provisional: Mapped[bool]
    current: Mapped[bool] = mapped_column(default=True)  # exactly one current row a person
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    __table_args__ = (Index("ix_passports_current", "person_id", "current"),)


class Vacancy(Base):
    __tablename__ = "vacancies"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    occupation: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(200))
    seats: Mapped[int] = mapped_column(default=1)
    framework: Mapped[str] = mapped_column(String(40))
    band: Mapped[bytes] = mapped_column(LargeBinary)  # int8 (S,)
    importance: Mapped[bytes] = mapped_column(LargeBinary)  # float32 (S,)
    certificates: Mapped[str] = mapped_column(Text, default="")
    demands: Mapped[str] = mapped_column(Text, default="")
    education: Mapped[int] = mapped_column(default=0)
    dutch: Mapped[int] = mapped_column(default=0)
    english: Mapped[int] = mapped_column(default=0)
    hours_min: Mapped[float | None]
    hours_max: Mapped[float | None]
    sector: Mapped[str] = mapped_column(String(40), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    remote: Mapped[bool] = mapped_column(default=False)
    open: Mapped[bool] = mapped_column(default=True, index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())


class Pseudonym(Base):
    """The name under which one organisation sees one person."""

    __tablename__ = "pseudonyms"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    __table_args__ = (UniqueConstraint("organisation_id", "person_id"),)


class Job(Base):
    """Long work with a lease: whoever holds an unexpired lease works on it; an expired one is taken over."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    arguments: Mapped[str] = mapped_column(Text)  # JSON, identifiers only
    status: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
    )


class JobChunk(Base):
    """A chunk that is done; its primary key refuses doing one twice."""

    __tablename__ = "job_chunks"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CaseloadResult(Base):
    """One person's line in the result of a caseload run."""

    __tablename__ = "caseload_results"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    result: Mapped[str] = mapped_column(Text)  # JSON: the ranked vacancies of this person, or why there are none


class IdempotencyKey(Base):
    """The answer to an earlier request with the same key, kept in the same transaction as its deed."""

    __tablename__ = "idempotency_keys"
    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime(), index=True)


class AuditEntry(Base):
    """Who did what to whom, written in the same transaction as the deed."""

    __tablename__ = "audit_entries"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    organisation_id: Mapped[str | None] = mapped_column(String(40), index=True)
    actor: Mapped[str] = mapped_column(String(80))  # role and token id, or "anonymous"
    deed: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")  # JSON: versions, hashes, counts; no personal data
