"""The bases of every body and answer: camelCase outside, snake_case inside, strict, closed, finite and bounded."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

_NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f]*$"

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]

Item = TypeVar("Item")


class StrictModel(BaseModel):
    """An answer: nothing is coerced, nothing is added, every number is finite."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
        ser_json_inf_nan="null",
    )


class Body(StrictModel):
    """What a request may carry: as strict, and members have their outside names only.

    Construct one in Python from its outside names too: `Body.model_validate({"hoursMin": 8})`.
    """

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)


class Page(StrictModel, Generic[Item]):
    """One page of a list. Name every use (`class People(Page[PersonAnswer])`), so that the contract has plain names."""

    items: list[Item]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` to get the next page; null: no more.")]


class Fault(StrictModel):
    """One fault of a request."""

    pointer: Annotated[str, Field(description="JSON Pointer into the body, or /query/…, /header/…", max_length=500)]
    code: Annotated[str, Field(max_length=60)]
    detail: Annotated[str, Field(max_length=500)]


class ProblemAnswer(StrictModel):
    """Every error has this shape (RFC 9457)."""

    type: Annotated[str, Field(description="urn:problem-type:skills-passport: and the code", max_length=120)]
    title: Annotated[str, Field(max_length=120)]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(max_length=500)]
    code: Annotated[str, Field(description="stable: programs may rely on it", max_length=60)]
    errors: Annotated[list[Fault], Field(max_length=100)]


def personal(**rest: Any) -> Any:
    """Return a Field that the contract marks as personal data."""
    return Field(json_schema_extra={"x-personal-data": True}, **rest)
