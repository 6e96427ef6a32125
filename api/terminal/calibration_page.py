"""The report of a calibration as one page: no script, nothing from elsewhere, for a phone, a desk and paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api.services.pictures import Axis, Line, axis_to, curves, heat_map, key

TEMPLATES = Path(__file__).parent / "templates"
LEVEL = Axis("level", -3.0, 3.0, (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0))
ERROR = Axis("standard error", 0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
INFORMATION_LINES = ("all items", "calibrated items only")
ERROR_LINES = ("if all items were asked", "as people were asked")


def render(report: dict[str, Any]) -> str:
    """Return the page for a report as `calibration_report.summary` makes it."""
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": _number, "percent": _percent, "signed": _signed, "breakable": _breakable}
    names = {skill["skill"]: skill["name"] for skill in report["skills"]}
    return environment.get_template("calibration.html").render(
        report=report,
        names=names,
        numbers={skill: number for number, skill in enumerate(names, start=1)},
        skills=[skill | _pictures(skill, _most(report)) for skill in report["skills"]],
        information_key=Markup(key(INFORMATION_LINES)),
        error_key=Markup(key(ERROR_LINES)),
        heat=_heat(report["correlation"]),
    )


def _most(report: dict[str, Any]) -> float:
    return max(max(skill["information"]) for skill in report["skills"])


def _pictures(skill: dict[str, Any], most: float) -> dict[str, Any]:
    """Return the two pictures of a skill and the table that says the same at seven levels."""
    levels, information = np.array(skill["levels"]), np.array(skill["information"])
    best, least = levels[np.argmax(information)], levels[np.argmin(information)]
    errors = np.array(skill["errorAsAsked"])
    info = curves(
        f"info-{skill['skill']}",
        f"Information about {skill['name'].lower()}",
        f"Most at level {_signed(best)}: {information.max():.2f}. Least at level {_signed(least)}: "
        f"{information.min():.2f}. The table below gives the numbers.",
        levels,
        [Line(INFORMATION_LINES[0], information), Line(INFORMATION_LINES[1], skill["informationCalibrated"])],
        LEVEL,
        axis_to(most, "information"),
    )
    error = curves(
        f"error-{skill['skill']}",
        f"Standard error of {skill['name'].lower()} by level",
        f"As people were asked it is between {errors.min():.2f} and {errors.max():.2f}; 1 is knowing nothing. "
        "The table below gives the numbers.",
        levels,
        [Line(ERROR_LINES[0], skill["errorAllItems"]), Line(ERROR_LINES[1], errors)],
        LEVEL,
        ERROR,
    )
    columns = ("information", "informationCalibrated", "errorAllItems", "errorAsAsked")
    rows = [(levels[k], *(skill[column][k] for column in columns)) for k in range(0, len(levels), 10)]
    return {"information_picture": Markup(info), "error_picture": Markup(error), "table": rows}


def _heat(correlation: dict[str, Any]) -> list[tuple[str, Markup]]:
    """Return the two matrices as pictures, with skills of one cluster side by side."""
    clusters = correlation["clusters"]
    order = sorted(range(len(clusters)), key=lambda row: clusters.index(clusters[row]))
    groups = [clusters[row] for row in order]
    pictures = []
    for kind, words in (("estimated", "found in these answers"), ("assumed", "assumed before")):
        matrix = np.array(correlation[kind])[np.ix_(order, order)]
        off = matrix[~np.eye(len(matrix), dtype=bool)]
        told = f"Between two skills they lie from {off.min():.2f} to {off.max():.2f}. The tables give the numbers."
        title = f"Correlations {words}"
        pictures.append((title, Markup(heat_map(f"heat-{kind}", title, told, matrix, groups))))
    return pictures


def _number(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}f}".replace("-", "−")


def _percent(value: float | None, decimals: int = 1) -> str:
    return "" if value is None else f"{value:.{decimals}%}"


def _breakable(name: str) -> Markup:
    """Let a long name break after an underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"
