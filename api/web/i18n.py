"""The texts of the pages: one catalogue a language under locales/; adding a language is adding a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

DEFAULT = "en"
LOCALES = Path(__file__).parent / "locales"

Catalogues = Mapping[str, Mapping[str, Any]]


def load() -> Catalogues:
    """Return every catalogue by its language tag."""
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(LOCALES.glob("*.toml"))}


def choose(request: Request, catalogues: Catalogues) -> str:
    """Return the language of the answer: `?lang=` when we have it, else the best of Accept-Language, else English."""
    asked = request.query_params.get("lang", "")
    if asked in catalogues:
        return asked
    for tag in _by_preference(request.headers.get("accept-language", "")):
        primary = tag.split("-")[0].lower()
        if primary in catalogues:
            return primary
    return DEFAULT


def _by_preference(header: str) -> list[str]:
    weighed = []
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weighed.append((float(quality or 1), tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]
