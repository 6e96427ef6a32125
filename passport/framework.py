"""The skill framework: which 24 soft skills there are, in which order, and how they are called.

The order of `SkillFramework.skills` is the column order of every skill vector in the project.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.errors import ContentError

CONTENT = Path(__file__).parent / "content"
LANGUAGES = ("en", "nl")
BAND_WIDTH = 0.75  # latent distance between two neighbouring bands; band 3 sits at 0


@dataclass(frozen=True, slots=True, eq=False)
class SkillFramework:
    """The skills with their names, links to public vocabularies, clusters and assumed correlation.

    `names` and `descriptions` map a language to one text a skill. `esco` holds ESCO 1.2.0 URIs, empty where the
    transversal collection has none. `correlation` is float64 of shape (skills, skills), positive definite.
    """

    version: str
    skills: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    descriptions: Mapping[str, tuple[str, ...]]
    esco: tuple[str, ...]
    onet: tuple[str, ...]
    clusters: tuple[str, ...]
    correlation: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.skills)
        if n == 0 or len(set(self.skills)) != n:
            raise ValueError(f"skills: expected at least one and no doubles, got {self.skills}")
        rows = {"esco": self.esco, "onet": self.onet, "clusters": self.clusters}
        rows |= {f"names[{lang}]": texts for lang, texts in self.names.items()}
        rows |= {f"descriptions[{lang}]": texts for lang, texts in self.descriptions.items()}
        for name, texts in rows.items():
            if len(texts) != n:
                raise ValueError(f"{name}: expected {n} texts, one a skill, got {len(texts)}")
        correlation = frozen(self.correlation, np.float64, (n, n), "correlation")
        if not np.all(np.isfinite(correlation)) or not np.allclose(correlation, correlation.T, atol=1e-12):
            raise ValueError("correlation: expected a finite symmetric matrix")
        if not np.allclose(np.diag(correlation), 1.0) or np.linalg.eigvalsh(correlation)[0] < 1e-6:
            raise ValueError("correlation: expected ones on the diagonal and a positive definite matrix")
        object.__setattr__(self, "correlation", correlation)

    def row(self, skill: str) -> int:
        """Return the column of `skill`; raises KeyError with the known skills for an unknown one."""
        try:
            return self.skills.index(skill)
        except ValueError:
            raise KeyError(f"unknown skill {skill!r}, expected one of {', '.join(self.skills)}") from None


def cluster_correlation(clusters: tuple[str, ...], within: float, between: float) -> npt.NDArray[np.float64]:
    """Return the correlation matrix with `within` for skills of one cluster and `between` for all others."""
    same = np.array(clusters)[:, None] == np.array(clusters)[None, :]
    matrix = np.where(same, within, between)
    np.fill_diagonal(matrix, 1.0)
    return matrix


@cache
def load_framework(path: Path | None = None) -> SkillFramework:
    """Load the framework that ships with the package, or the file at `path`.

    Raises ContentError naming the file and the field when something is missing or unknown.
    """
    path = path or CONTENT / "framework.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _build(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, TypeError, AttributeError) as error:
        raise ContentError(f"{path.name}: {error}") from error
    except KeyError as error:
        raise ContentError(f"{path.name}: the field {error} is missing") from error


def _build(content: dict[str, Any]) -> SkillFramework:
    rows = content["skill"]
    clusters = tuple(row["cluster"] for row in rows)
    assumed = content["correlation"]
    return SkillFramework(
        version=content["version"],
        skills=tuple(row["key"] for row in rows),
        names=MappingProxyType({lang: tuple(row[lang]["name"] for row in rows) for lang in LANGUAGES}),
        descriptions=MappingProxyType({lang: tuple(row[lang]["description"] for row in rows) for lang in LANGUAGES}),
        esco=tuple(row["esco"] for row in rows),
        onet=tuple(row["onet"] for row in rows),
        clusters=clusters,
        correlation=cluster_correlation(clusters, assumed["within"], assumed["between"]),
    )
