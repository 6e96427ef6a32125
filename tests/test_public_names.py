"""What may be relied on: the names each core exports, and nothing else."""

from __future__ import annotations

import types

import matching

MATCHING = {
    "Allocation",
    "Attributes",
    "Demands",
    "Easing",
    "Explanation",
    "FrameworkMismatch",
    "GATES",
    "Help",
    "Neighbour",
    "Opening",
    "Pool",
    "PoolIndex",
    "Position",
    "Queue",
    "Ranking",
    "Relaxation",
    "Requirements",
    "Spread",
    "TopUp",
    "Vacancies",
    "allocate",
    "demands",
    "expected_ramp",
    "explain",
    "measure_more",
    "merge",
    "openings",
    "position",
    "rank",
    "refusals",
    "spread",
    "top_up",
}


def test_matching_exports_exactly_its_public_names():
    assert sorted(matching.__all__) == sorted(MATCHING)
    modules = {name for name, value in vars(matching).items() if isinstance(value, types.ModuleType)}
    assert {name for name in vars(matching) if not name.startswith("_")} - modules == MATCHING
