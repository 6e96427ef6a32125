"""What can go wrong, in the words of HTTP. Services raise these; the edge renders them as problem+json (RFC 9457).

Problem
├── Invalid 400               the request does not say what it should; `errors` names every fault
├── Unauthorised 401          no token, or one we do not know
├── Forbidden 403             this role may not do this
├── NotFound 404              it is not there, or this caller may not know that it is
├── Conflict 409              it cannot be done now
├── PreconditionFailed 412    somebody changed it in between
├── TooLarge 413
├── UnsupportedMedia 415
├── PreconditionRequired 428  a change must name the version it changes
└── Unavailable 503           try again later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (JSON Pointer, or query/header name), a stable code, words for people."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """A refusal with an HTTP status. `detail` is shown to the caller: never put what the caller sent into it."""

    status = 500
    title = "Something went wrong"
    code = "internal"
    detail = "Something went wrong on our side. It has been logged."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        self.detail = detail if detail is not None else type(self).detail
        self.code = code if code is not None else type(self).code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)


class Invalid(Problem):
    status = 400
    title = "The request is not valid"
    code = "invalid"
    detail = "The request is not valid. The list of errors says what is wrong."


class Unauthorised(Problem):
    status = 401
    title = "Not logged in"
    code = "unauthorised"
    detail = "This needs a valid bearer token."

    def __init__(self, detail: str | None = None, **rest: object) -> None:
        super().__init__(detail, **rest)  # type: ignore[arg-type]
        self.headers.setdefault("WWW-Authenticate", "Bearer")


class Forbidden(Problem):
    status = 403
    title = "Not allowed"
    code = "forbidden"
    detail = "Your role may not do this."


class NotFound(Problem):
    status = 404
    title = "Not found"
    code = "not-found"
    detail = "There is nothing here that you may see."


class MethodNotAllowed(Problem):
    status = 405
    title = "Method not allowed"
    code = "method-not-allowed"
    detail = "This path does not know this method. The Allow header says which it knows."


class Conflict(Problem):
    status = 409
    title = "Conflict"
    code = "conflict"
    detail = "This cannot be done in the present state."


class PreconditionFailed(Problem):
    status = 412
    title = "Changed in between"
    code = "precondition-failed"
    detail = "Somebody changed this in between. Get it again, then change it."


class TooLarge(Problem):
    status = 413
    title = "Too large"
    code = "too-large"
    detail = "The body of the request is too large."


class UnsupportedMedia(Problem):
    status = 415
    title = "Unsupported media type"
    code = "unsupported-media-type"
    detail = "The body must be JSON: Content-Type: application/json."


class PreconditionRequired(Problem):
    status = 428
    title = "If-Match is needed"
    code = "precondition-required"
    detail = "A change must name the version it changes: send the ETag you got as If-Match."


class Unavailable(Problem):
    status = 503
    title = "Not available now"
    code = "unavailable"
    detail = "The service cannot do this now. Please try again."

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **rest: object) -> None:
        super().__init__(detail, **rest)  # type: ignore[arg-type]
        self.headers.setdefault("Retry-After", str(retry_after))


class FileFault(ValueError):
    """A file that cannot be used (command line); the message names it and up to twenty faults by row and column."""


def core_problems() -> dict[type[Exception], type[Problem]]:
    """Return what the cores' own conditions mean over HTTP. Imported here, as the command line must start fast."""
    from matching.errors import FrameworkMismatch as OtherSkills
    from passport.errors import BankExhausted, FrameworkMismatch

    return {OtherSkills: Conflict, FrameworkMismatch: Conflict, BankExhausted: Conflict}


PROBLEMS: tuple[type[Problem], ...] = (
    Invalid,
    Unauthorised,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    TooLarge,
    UnsupportedMedia,
    PreconditionRequired,
    Unavailable,
)
