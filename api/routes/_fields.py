"""Members that several resources share: keys, paths, levels, hours and places, with their bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,80}$")]
Keys = Annotated[list[Key], Field(max_length=64)]
Education = Annotated[int, Field(ge=0, le=8, description="EQF level 1 to 8; 0: none, or not asked")]
Language = Annotated[int, Field(ge=0, le=6, description="CEFR level: 1 is A1, 6 is C2; 0: none, or not asked")]
Hours = Annotated[float, Field(ge=0, le=60, description="hours a week")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="degrees north")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="degrees east")]
Kilometres = Annotated[float, Field(ge=0, le=2_000, description="great-circle kilometres from home")]

_PATTERN = r"^[A-Za-z0-9._:-]{1,64}$"
PersonPath = Annotated[str, Path(alias="personId", pattern=_PATTERN)]
AssessmentPath = Annotated[str, Path(alias="assessmentId", pattern=_PATTERN)]
VacancyPath = Annotated[str, Path(alias="vacancyId", pattern=_PATTERN)]
CandidatePath = Annotated[str, Path(alias="candidateId", pattern=_PATTERN)]
OccupationPath = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,80}$")]

TextLanguage = Literal["en", "nl"]
LanguageQuery = Annotated[TextLanguage, Query(description="The language of names and texts.")]
