"""Exchange files back to the inputs of the matching core; for tests, benchmarks and the figures of the datasheet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.synthetic.content import CONTENT, LEVELS, SECTORS
from matching.formal import Attributes, Requirements
from matching.problem import Pool, Vacancies


def _bits(column: pa.ChunkedArray, keys: dict[str, int]) -> np.ndarray:
    """Return joined keys as bits, uint64; unknown ones as 0."""
    words = column.fill_null("").combine_chunks().dictionary_encode()
    patterns = [sum(1 << keys[key] for key in text.split(";") if key) for text in words.dictionary.to_pylist()]
    return np.array([*patterns, 0], dtype=np.uint64)[words.indices.to_numpy(zero_copy_only=False)]


def _keys(folder: Path, name: str) -> dict[str, int]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: int(row["bit"]) for row in csv.DictReader(file)}


def _matrix(table: pa.Table, names: list[str], kind: type, unknown: float) -> np.ndarray:
    return np.stack([table[name].fill_null(unknown).to_numpy() for name in names], axis=1).astype(kind)


def _skills(table: pa.Table, prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in table.column_names if name.startswith(prefix))


def read_people(path: Path, content: Path = CONTENT) -> Pool:
    """Return the people of a file who have a passport, with everything the gates ask."""
    table = pq.read_table(path)
    skills = _skills(table, "mean_")
    table = table.filter(table[f"mean_{skills[0]}"].is_valid())
    attributes = Attributes(
        certificates=_bits(table["certificates"], _keys(content, "certificates")),
        certificates_known=table["certificates"].is_valid().to_numpy(),
        limits=_bits(table["limits"], _keys(content, "limits")),
        levels=_matrix(table, list(LEVELS), np.int8, -1),
        hours=_matrix(table, ["hours_min", "hours_max"], np.float32, np.nan),
        sectors=_bits(table["sectors"], {key: bit for bit, key in enumerate(SECTORS)}).astype(np.uint32),
        location=_matrix(table, ["latitude", "longitude"], np.float32, np.nan),
        reach_km=table["reach_km"].fill_null(np.nan).to_numpy(),
    )
    mean, sd = (_matrix(table, [f"{part}_{skill}" for skill in skills], np.float32, 0) for part in ("mean", "sd"))
    measured = _matrix(table, [f"information_{skill}" for skill in skills], np.float32, 0) > 0
    return Pool(tuple(table["person"].to_pylist()), skills, mean, sd, attributes, measured)


def read_vacancies(path: Path, content: Path = CONTENT) -> Vacancies:
    """Return the vacancies of a file."""
    table = pq.read_table(path)
    skills = _skills(table, "band_")
    requirements = Requirements(
        certificates=_bits(table["certificates"], _keys(content, "certificates")),
        demands=_bits(table["demands"], _keys(content, "limits")),
        levels=_matrix(table, list(LEVELS), np.int8, 0),
        hours=_matrix(table, ["hours_min", "hours_max"], np.float32, np.nan),
        sector=_bits(table["sector"], {key: bit for bit, key in enumerate(SECTORS)}).astype(np.uint32),
        location=_matrix(table, ["latitude", "longitude"], np.float32, np.nan),
        remote=table["remote"].to_numpy(),
    )
    band = _matrix(table, [f"band_{skill}" for skill in skills], np.int8, 0)
    importance = _matrix(table, [f"importance_{skill}" for skill in skills], np.float32, 0)
    seats = table["seats"].to_numpy()
    return Vacancies(tuple(table["vacancy"].to_pylist()), skills, band, importance, seats, requirements)
