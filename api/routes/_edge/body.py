"""Reading what came in, strictly: JSON as RFC 8259 means it, query strings without surprises.

The standard parser takes NaN, the last of two equal keys, numbers beyond every column and half characters. Here each of
these is a fault with a place and a code, and no message repeats what came.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from api.errors import Fault, Invalid, UnsupportedMedia

LARGEST = 2**63  # beyond it no database column and few clients can follow
MOST_FAULTS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)  # possessive: linear on any input


class StrictRequest(Request):
    """A request whose JSON has already been read and found good."""

    def __init__(self, request: Request, raw: bytes, parsed: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw, self._parsed = raw, parsed

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:
        return self._parsed


class _Refused(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault("", code, detail)


def check_media(request: Request, raw: bytes) -> None:
    """Raise UnsupportedMedia unless the body says it is JSON in UTF-8; an empty body need not say so."""
    declared = request.headers.get("content-type")
    if declared is None:
        if raw:
            raise UnsupportedMedia()
        return
    message = Message()
    message["content-type"] = declared
    charset = message.get_param("charset", "utf-8")
    if message.get_content_type() != "application/json" or str(charset).lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia()


def parse_json(raw: bytes, depth: int) -> Any:
    """Return the value of a JSON text; raises Invalid with every fault that can be told."""
    try:
        if raw.startswith(b"\xef\xbb\xbf"):
            raise _Refused("byte-order-mark", "The body must not start with a byte order mark.")
        text = raw.decode("utf-8")
        _check_depth(raw, depth)
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except UnicodeDecodeError:
        raise Invalid(errors=[Fault("", "utf-8", "The body is not valid UTF-8.")]) from None
    except _Refused as refused:
        raise Invalid(errors=[refused.fault]) from None
    except json.JSONDecodeError as error:
        detail = f"The body is not valid JSON (line {error.lineno}, column {error.colno})."
        raise Invalid(errors=[Fault("", "json", detail)]) from None
    if faults := list(_text_faults(value)):
        raise Invalid(errors=faults[:MOST_FAULTS])
    return value


def _check_depth(raw: bytes, limit: int) -> None:
    depth = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limit:
                raise _Refused("depth", f"The body is nested deeper than {limit} levels.")
        elif first in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("duplicate", "An object names a member twice.")
    return members


def _constant(_name: str) -> float:
    raise _Refused("not-finite", "Numbers must be finite.")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused("not-finite", "Numbers must be finite.")
    return value


def _int(digits: str) -> int:
    if len(digits) > 20 or not -LARGEST <= (value := int(digits)) < LARGEST:
        raise _Refused("number-range", "A number is too large.")
    return value


def _text_faults(root: Any) -> Iterator[Fault]:
    """Find NUL and lone surrogates in every text and name; the place is the nearest array element or the whole body."""
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, str):
            if not good_text(value):
                yield Fault(pointer, "text", "Text must be valid Unicode without NUL.")
        elif isinstance(value, dict):
            if not all(good_text(name) for name in value):
                yield Fault(pointer, "text", "Names of members must be valid Unicode without NUL.")
            # member names come from the caller and are not repeated
            stack.extend((pointer, member) for member in value.values())
        elif isinstance(value, list):
            stack.extend((pointer, member) for member in value)


def good_text(text: str) -> bool:
    """Say whether a text can be stored and sent: no NUL, no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or _SURROGATE.search(text) is None)


def check_query(raw: bytes, known: frozenset[str]) -> None:
    """Raise Invalid when a query string is malformed, names an unknown key or names a key twice."""
    if not raw:
        return
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=50
        )
    except ValueError:  # also bytes that are not UTF-8
        raise Invalid(errors=[Fault("/query", "query", "The query string is malformed.")]) from None
    faults: dict[tuple[str, str], Fault] = {}
    seen: set[str] = set()
    for key, value in pairs:
        if key not in known:
            faults["", "unknown"] = Fault("/query", "unknown", _known_keys(known))
        elif key in seen:
            faults[key, "duplicate"] = Fault(f"/query/{key}", "duplicate", "This key may occur once.")
        elif not good_text(value):
            faults[key, "text"] = Fault(f"/query/{key}", "text", "Text must be valid Unicode without NUL.")
        seen.add(key)
    if faults:
        raise Invalid(errors=list(faults.values()))


def _known_keys(known: frozenset[str]) -> str:
    if not known:
        return "This operation knows no query keys."
    return f"An unknown key. Known are: {', '.join(sorted(known))}."
