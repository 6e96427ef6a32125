"""From arrays to the rows of people.parquet and truth.parquet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.synthetic.content import Places
from data.synthetic.files import people_schema, truth_schema
from data.synthetic.people import PROVISIONAL, STATUS, People
from data.synthetic.simulate import Measured
from passport.passport import NORM


def _triangles(covariance: np.ndarray, has: np.ndarray) -> list[bytes | None]:
    """Return the upper triangle of every matrix, row by row, as little-endian float32; None without a passport."""
    upper = np.triu_indices(covariance.shape[1])
    packed = covariance[:, upper[0], upper[1]].astype("<f4")
    return [row.tobytes() if there else None for row, there in zip(packed, has, strict=True)]


def _per_skill(prefix: str, skills: tuple[str, ...], values: np.ndarray, missing: np.ndarray) -> dict[str, pa.Array]:
    return {f"{prefix}_{skill}": pa.array(values[:, column], mask=missing) for column, skill in enumerate(skills)}


def _gates(columns: dict[str, np.ndarray]) -> dict[str, pa.Array]:
    return {name: pa.array(values, from_pandas=True) for name, values in columns.items()}  # NaN is unknown: null


def people_table(
    people: People, measured: Measured, places: Places, skills: tuple[str, ...], bank: tuple[str, str], covariance: bool
) -> pa.Table:
    """Return what the system sees of a chunk of people; `bank` holds the versions of framework and item bank."""
    has = measured.status >= PROVISIONAL
    none = ~has
    sd = np.sqrt(np.einsum("pss->ps", measured.covariance))
    columns: dict[str, object] = {"person": people.ids}
    columns |= _per_skill("mean", skills, measured.mean, none)
    columns |= _per_skill("sd", skills, sd, none)
    columns |= _per_skill("information", skills, measured.information, none)
    if covariance:
        columns["covariance"] = pa.array(_triangles(measured.covariance, has), pa.binary())
    columns |= _gates(people.columns)
    versions = {"framework": bank[0], "bank": bank[1], "norm": NORM}
    columns |= {name: pa.array(np.full(len(has), version, object), mask=none) for name, version in versions.items()}
    columns |= {
        "issued": pa.array(people.issued, mask=none),
        "provisional": pa.array(measured.status == PROVISIONAL, mask=none),
        "items": measured.items,
        "visible": people.visible & has,
        "place": [places.names[row] for row in people.place],
        "status": [STATUS[row] for row in measured.status],
    }
    return pa.table(columns).cast(people_schema(skills, covariance))


def truth_table(people: People, skills: tuple[str, ...]) -> pa.Table:
    """Return what only the simulation knows of a chunk of people."""
    true = {f"true_{skill}": people.true[:, column] for column, skill in enumerate(skills)}
    columns = {"person": people.ids, **true, "careless": people.careless, "pace": people.pace}
    return pa.table(columns).cast(truth_schema(skills))
