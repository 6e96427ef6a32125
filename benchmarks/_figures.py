"""Speed results as JSON, a Markdown table and a picture; ratios first, since seconds belong to one machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from math import log10
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = "numpy", "scipy", "numba", "scikit-learn", "faiss-cpu", "usearch", "pandas", "polars", "duckdb"


def machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = "not installed"
    cores = len(os.sched_getaffinity(0))
    return {"processor": model, "cores": cores, "python": platform.python_version(), "versions": versions}


def load() -> float:
    """Return how busy the machine was during the last minute, in processors."""
    return round(os.getloadavg()[0], 2)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median and range."""
    return {"median": median(values), "least": min(values), "most": max(values)}


def shown(values: dict[str, float], unit: float = 1.0, digits: int = 3) -> str:
    """Return a median with its range."""
    middle, least, most = (f"{values[name] * unit:.{digits}g}" for name in ("median", "least", "most"))
    return f"{middle} ({least}-{most})"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def bars(title: str, values: dict[str, dict[str, float]], unit: str) -> str:
    """Return an SVG picture of horizontal bars on a logarithmic scale, with ranges; every median is also written."""
    low = min(0.0, *(log10(each["least"]) for each in values.values()))
    high = max(1.0, *(log10(each["most"]) for each in values.values()))
    left, width, step = 200, 420, 30

    def across(value: float) -> float:
        return left + width * (log10(value) - low) / (high - low)

    box = f'viewBox="0 0 {left + width + 150} {70 + step * len(values)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" font-family="sans-serif" font-size="14">',
        f'<title>{title}</title><rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="24" font-size="16" font-weight="bold">{title}</text>',
    ]
    for row, (name, each) in enumerate(values.items()):
        y, end = 45 + step * row, max(across(each["median"]), left + 1)
        ends = f'x1="{across(each["least"]):.1f}" x2="{across(each["most"]):.1f}" y1="{y + 11}" y2="{y + 11}"'
        parts.append(f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{name}</text>')
        parts.append(f'<rect x="{left}" y="{y + 2}" width="{end - left:.1f}" height="18" fill="#2f6f8f"/>')
        parts.append(f'<line {ends} stroke="#d98c00" stroke-width="3"/>')
        parts.append(f'<text x="{across(each["most"]) + 8:.1f}" y="{y + 16}">{each["median"]:.3g} {unit}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def write(name: str, results: dict[str, Any], text: str, picture: str | None = None) -> None:
    """Write results/<name>.json, .md and .svg."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(text)
    if picture is not None:
        (RESULTS / f"{name}.svg").write_text(picture)
