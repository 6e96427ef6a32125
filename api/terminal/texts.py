"""The words of the terminal: one catalogue a language, `locales/<language>.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("en", "nl")


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The texts of one language; `texts("question.title", number=7)` gives one of them."""

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key with its values; raises KeyError when the catalogue does not have it."""
        return self.entries[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """Return the text for a number of things: the entry `<key>.one` for 1, otherwise `<key>.many`."""
        return self(f"{key}.one" if number == 1 else f"{key}.many", number=number)

    def decimal(self, value: float) -> str:
        """Return a number with two decimals as this language writes it."""
        return f"{value:.2f}".replace(".", self("decimal"))


@cache
def load(language: str) -> Texts:
    """Return the catalogue of a language."""
    text = (resources.files("api.terminal") / "locales" / f"{language}.toml").read_text(encoding="utf-8")
    return Texts(language, dict(_flat(tomllib.loads(text))))


def of_the_terminal() -> str:
    """Return the language this terminal is set to, English when we do not speak it."""
    setting = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return setting[:2] if setting[:2] in LANGUAGES else LANGUAGES[0]


def _flat(entries: Mapping[str, object], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, entry in entries.items():
        found += _flat(entry, f"{path}{name}.") if isinstance(entry, Mapping) else [(path + name, str(entry))]
    return found
