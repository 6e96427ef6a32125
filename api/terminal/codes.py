"""Resume codes: a short code stands for an assessment begun on this computer.

The code's file in the data directory holds the person's token, which is too long to type. Files are made with mode
0600 and are on the disk before the assessment is, so no saved answer is ever without its code.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
LENGTH = 8
FOLDER = "assess"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a code stands for."""

    token: str
    assessment: str


def keep(data: Path, ticket: Ticket) -> str:
    """Write a ticket to the disk for good and return its code, such as 7KQM-3XWT."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    handle = os.open(folder / code, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(ticket), file)
        file.flush()
        os.fsync(file.fileno())
    _sync(folder)
    return shown(code)


def find(data: Path, code: str) -> Ticket | None:
    """Return what a code stands for, however it was typed; None when it stands for nothing here."""
    plain = "".join(code.upper().split()).replace("-", "")
    if len(plain) != LENGTH or not set(plain) <= set(ALPHABET):
        return None
    try:
        return Ticket(**json.loads((data / FOLDER / plain).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # never made, or torn by a crash before anything was saved
        return None


def newest(data: Path, most: int) -> list[str]:
    """Return the newest codes made here, newest first."""
    folder = data / FOLDER
    files = list(folder.iterdir()) if folder.is_dir() else []
    files.sort(key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)
    return [shown(file.name) for file in files[:most]]


def shown(code: str) -> str:
    """Return a code as people see it, in two groups."""
    plain = "".join(code.upper().split()).replace("-", "")
    return f"{plain[: LENGTH // 2]}-{plain[LENGTH // 2 :]}"


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
