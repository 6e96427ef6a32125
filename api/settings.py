"""What can be set from outside: PASSPORT_* variables, read when `Settings()` is called and never at import."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

VERSION = "1.0.0"  # of the HTTP contract: `info.version` and the API-Version header


class Settings(BaseSettings):
    """The configuration of one process; frozen, so that nothing changes it on the way."""

    model_config = SettingsConfigDict(env_prefix="PASSPORT_", env_ignore_empty=True, frozen=True, extra="ignore")

    data: Path = Path("passport-data")
    database_url: str | None = Field(default=None, repr=False)  # may hold a password
    secret: SecretStr | None = Field(default=None, min_length=16)  # signs cursors; several machines share one
    environment: Literal["production", "development"] = "production"  # in development, logs show messages of errors
    body_limit: int = Field(default=1_000_000, ge=1_000)  # bytes of one request body
    json_depth: int = Field(default=32, ge=4, le=200)
    idempotency_hours: int = Field(default=24, ge=1)
    embedded_worker: bool = False  # `passport serve` switches it on
    lease_seconds: float = Field(default=60.0, gt=0)  # how long a chunk may take before another worker takes over
    poll_seconds: float = Field(default=0.5, gt=0)
    auto_migrate: bool = True  # bring the database to the newest revision at start
    access_log: bool = True

    def url(self) -> str:
        """Return the database's URL; without one, a SQLite file in the data directory."""
        if self.database_url is None:
            return f"sqlite:///{self.data.absolute() / 'passport.sqlite'}"
        scheme, separator, rest = self.database_url.partition("://")
        driver = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}  # the one we come with
        return driver.get(scheme, scheme) + separator + rest

    def secret_key(self) -> bytes:
        """Return the secret that signs cursors; without one, a random one kept in the data directory (mode 0600)."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        path = self.data / "secret"
        if not path.exists():
            _create_once(path, secrets.token_hex(32))
        return path.read_bytes()


def _create_once(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all; the first of two processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mkstemp gives mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
