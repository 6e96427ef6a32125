"""Write a benchmark's sections as markdown and JSON, with machine, versions, seeds and load."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "numba", "catsim", "girth", "scikit-learn", "pandas", "polars", "duckdb", "ortools")


def circumstances(seeds):
    """Return where and with what the figures were taken."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "threads of the linear algebra": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
        "versions": versions,
        "seeds": list(seeds),
    }


def write(name, sections, *, seeds, quick=False):
    """Write results/NAME.md and .json and print the former; a quick run is printed only."""
    facts = circumstances(seeds)
    lines = [f"# {name.capitalize()}", "", f"Made by `python -m benchmarks.bench_{name}`. Simulated data."]
    lines += ["", ", ".join(f"{key} {value}" for key, value in facts.items() if key != "versions")]
    lines += [", ".join(f"{key} {value}" for key, value in facts["versions"].items()) + "."]
    for title, figures in sections.items():
        lines += ["", f"## {title}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {_number(value)} |" for key, value in figures.items()]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
        content = json.dumps({"circumstances": facts, "sections": sections}, indent=1)
        (RESULTS / f"{name}.json").write_text(content + "\n", encoding="utf-8")


def _number(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)
