"""The exchange files: their columns, and a Parquet writer whose bytes depend on the rows alone."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 20_000  # rows held in memory before they are written; part of the definition of the files

GATES = (
    ("certificates", pa.string()),
    ("limits", pa.string()),
    ("education", pa.int8()),
    ("dutch", pa.int8()),
    ("english", pa.int8()),
    ("hours_min", pa.float32()),
    ("hours_max", pa.float32()),
    ("sectors", pa.string()),
    ("latitude", pa.float32()),
    ("longitude", pa.float32()),
    ("reach_km", pa.float32()),
)
STORY = (
    ("framework", pa.string()),
    ("bank", pa.string()),
    ("norm", pa.string()),
    ("issued", pa.date32()),
    ("provisional", pa.bool_()),
    ("items", pa.int16()),
    ("visible", pa.bool_()),
    ("place", pa.string()),
    ("status", pa.string()),
)
ASKS = (
    ("certificates", pa.string()),
    ("demands", pa.string()),
    ("education", pa.int8()),
    ("dutch", pa.int8()),
    ("english", pa.int8()),
    ("hours_min", pa.float32()),
    ("hours_max", pa.float32()),
    ("sector", pa.string()),
    ("latitude", pa.float32()),
    ("longitude", pa.float32()),
    ("remote", pa.bool_()),
)


def _per_skill(prefix: str, skills: tuple[str, ...], kind: pa.DataType) -> list[tuple[str, pa.DataType]]:
    return [(f"{prefix}_{skill}", kind) for skill in skills]


def people_schema(skills: tuple[str, ...], covariance: bool) -> pa.Schema:
    """Return the columns of people.parquet: what the system sees, never the truth."""
    measured = [pair for prefix in ("mean", "sd", "information") for pair in _per_skill(prefix, skills, pa.float32())]
    return pa.schema(
        [("person", pa.string()), *measured, *([("covariance", pa.binary())] if covariance else []), *GATES, *STORY]
    )


def truth_schema(skills: tuple[str, ...]) -> pa.Schema:
    """Return the columns of truth.parquet: true levels, who answered carelessly, and pace (log of relative time)."""
    return pa.schema(
        [
            ("person", pa.string()),
            *_per_skill("true", skills, pa.float32()),
            ("careless", pa.bool_()),
            ("pace", pa.float32()),
        ]
    )


def vacancies_schema(skills: tuple[str, ...]) -> pa.Schema:
    """Return the columns of vacancies.parquet."""
    words = [(name, pa.string()) for name in ("vacancy", "employer", "occupation", "title", "place")]
    asked = _per_skill("band", skills, pa.int8()) + _per_skill("importance", skills, pa.float32())
    return pa.schema([*words, ("seats", pa.int32()), *asked, *ASKS])


EMPLOYERS = pa.schema([(name, pa.string()) for name in ("employer", "name", "sector", "place")])
ANSWERS = pa.schema(
    [
        ("person", pa.string()),
        ("position", pa.int16()),
        ("item", pa.string()),
        ("option", pa.int8()),
        ("seconds", pa.float32()),
    ]
)


class TableFile:
    """One Parquet file that grows by tables in order; row groups hold ROW_GROUP rows however large the tables are."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=9, version="2.6")
        self._schema = schema
        self._waiting = schema.empty_table()

    def add(self, table: pa.Table) -> None:
        """Append a table; whole row groups are written at once."""
        self._waiting = pa.concat_tables([self._waiting, table.cast(self._schema)])
        while self._waiting.num_rows >= ROW_GROUP:
            self._write(self._waiting.slice(0, ROW_GROUP))
            self._waiting = self._waiting.slice(ROW_GROUP)

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)

    def __enter__(self) -> TableFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._waiting.num_rows:
            self._write(self._waiting)
        self._writer.close()
