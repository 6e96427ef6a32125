"""How a sitting ends: exit codes, and two conditions that unwind it."""

from __future__ import annotations

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


class End(Exception):
    """The sitting cannot go on; `key` and `values` say why in every language."""

    def __init__(self, key: str, status: int = WRONG, **values: object) -> None:
        super().__init__(key)
        self.key, self.status, self.values = key, status, values


class Left(Exception):
    """The person stops for now."""
