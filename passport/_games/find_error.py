"""Find the error (accuracy): two lists of codes that should be the same; which line differs, or none?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport._games.common import Dice, Round, whole

LETTERS, DIGITS = "CFHKLMNPRTX", "134679"  # no vowels: no words
ALIKE = {"M": "N", "N": "M", "6": "9", "9": "6", "3": "9", "1": "7", "7": "1", "K": "X", "X": "K", "P": "R", "R": "P"}
CLEAN = 1 / 3  # share of rounds without an error


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` rounds a level from {lines, characters, error}, error = other, swap or alike."""
    return [_round(row, level, dice) for row, level in enumerate(levels) for _ in range(trials)]


def _round(row: int, level: dict[str, Any], dice: Dice) -> Round:
    left = [_code(level["characters"], dice) for _ in range(level["lines"])]
    right, line = list(left), 0
    if not dice.chance(CLEAN):
        line = 1 + dice.below(len(left))
        right[line - 1] = _spoil(left[line - 1], level["error"], dice)
    return Round(row, {"left": left, "right": right}, line)


def _code(characters: int, dice: Dice) -> str:
    """Return letters and then digits, half and half; no two neighbours alike, so that a swap is always seen."""
    code = ""
    for place in range(characters):
        signs = LETTERS if place < characters // 2 else DIGITS
        code += dice.pick([sign for sign in signs if not code.endswith(sign)])
    return code


def _spoil(code: str, error: str, dice: Dice) -> str:
    places = [place for place, sign in enumerate(code) if error != "alike" or sign in ALIKE]
    if error == "swap":
        place = dice.pick([p for p in range(len(code) - 1) if p + 1 != len(code) // 2])
        return code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    place = dice.pick(places or range(len(code)))
    signs = LETTERS if code[place] in LETTERS else DIGITS
    new = ALIKE[code[place]] if places and error == "alike" else dice.pick([s for s in signs if s != code[place]])
    return code[:place] + new + code[place + 1 :]


def read(shown: dict[str, Any], response: Any) -> int:
    """Return the line that was tapped, from 1, or 0 for no error."""
    return whole(response, 0, len(shown["left"]), "a line, or 0 for no error,")


def raw(rounds: Sequence[Round], responses: Sequence[int]) -> float:
    """Return the share of rounds that are right."""
    right = [bool(r.truth == x) for r, x in zip(rounds, responses, strict=True)]
    return sum(right) / len(right)
