"""Weigh the evidence (decisions): two machines, one is better; open reports at a price, then choose.

What is scored is not whether the choice turned out right, which is partly luck, but every decision on the way: how
much worth was given away by opening one more, or by stopping, compared with the best policy at that moment. So the
reports that were not opened do not matter, and there is no right answer to keep from the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from passport._games.common import Dice, Round, whole

MACHINES = ("a", "b")


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` cases a level from {reports, right, cost, prize}.

    One machine is drawn as the better one; each of the reports names it with chance right / 10, independently.
    """
    made = []
    for row, level in enumerate(levels):
        for _ in range(trials):
            better = dice.pick(MACHINES)
            other = MACHINES[1 - MACHINES.index(better)]
            reports = [better if dice.chance(level["right"] / 10) else other for _ in range(level["reports"])]
            shown = {name: level[name] for name in ("right", "cost", "prize")}
            made.append(Round(row, {**shown, "reports": reports}, None))
    return made


def read(shown: dict[str, Any], response: Any) -> tuple[int, str]:
    """Return how many reports were opened and which machine was chosen."""
    if not isinstance(response, dict) or set(response) != {"opened", "choice"} or response["choice"] not in MACHINES:
        raise ValueError(f"response: expected opened and choice, 'a' or 'b', got {response!r}"[:200])
    opened = whole(response["opened"], 0, len(shown["reports"]), "a number of opened reports")
    return opened, response["choice"]


def raw(rounds: Sequence[Round], responses: Sequence[tuple[int, str]]) -> float:
    """Return 1 less the mean worth given away in a case, as a share of the prize."""
    lost: list[float] = [_given_away(r.shown, *x) / r.shown["prize"] for r, x in zip(rounds, responses, strict=True)]
    return 1 - sum(lost) / len(lost)


def _given_away(shown: dict[str, Any], opened: int, choice: str) -> float:
    prize = float(shown["prize"])
    rule = (len(shown["reports"]), shown["right"], shown["cost"], prize)
    lead, loss = 0, 0.0
    for n, report in enumerate(shown["reports"][:opened]):
        loss += worth(*rule, n, lead) - worth_of_opening(*rule, n, lead)
        lead += 1 if report == "a" else -1
    sure = chance_of_a(shown["right"], lead)
    return loss + worth(*rule, opened, lead) - prize * (sure if choice == "a" else 1 - sure)


def chance_of_a(right: int, lead: int) -> float:
    """Return the chance that machine a is better when `lead` more reports name a than b."""
    return 1 / (1 + ((10 - right) / right) ** lead)


@cache
def worth(reports: int, right: int, cost: float, prize: float, opened: int, lead: int) -> float:
    """Return the worth of the best policy from here (backward induction)."""
    sure = chance_of_a(right, lead)
    stop = prize * max(sure, 1 - sure)
    return stop if opened == reports else max(stop, worth_of_opening(reports, right, cost, prize, opened, lead))


def worth_of_opening(reports: int, right: int, cost: float, prize: float, opened: int, lead: int) -> float:
    """Return the worth of opening one more report and then following the best policy."""
    names_a = chance_of_a(right, lead) * right / 10 + (1 - chance_of_a(right, lead)) * (10 - right) / 10
    rule = (reports, right, cost, prize, opened + 1)
    return names_a * worth(*rule, lead + 1) + (1 - names_a) * worth(*rule, lead - 1) - cost
