"""What may be relied on: the names each core exports, and nothing else."""

from __future__ import annotations

import types

import matching

MATCHING = {
    "Attributes",
    "Explanation",
    "FrameworkMismatch",
    "GATES",
    "Help",
    "Pool",
    "Ranking",
    "Requirements",
    "Vacancies",
    "expected_ramp",
    "explain",
    "merge",
    "rank",
    "refusals",
}


def test_matching_exports_exactly_its_public_names():
    assert sorted(matching.__all__) == sorted(MATCHING)
    modules = {name for name, value in vars(matching).items() if isinstance(value, types.ModuleType)}
    assert {name for name in vars(matching) if not name.startswith("_")} - modules == MATCHING
