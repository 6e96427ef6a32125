"""Assessment: answers in, passports out.

bank = load_items()
progress = begin(bank)
while not finished(progress):
    item = choose(progress, seed=7)
    progress = observe(progress, item, answer=ask(bank.contents[item]))
passport = issue(progress, person="person-000001")
"""

from passport._em import Anchors
from passport.adaptive import (
    RULES,
    Activity,
    Progress,
    Rules,
    begin,
    choose,
    choose_activity,
    finished,
    observe,
    play,
    provisional,
)
from passport.calibration import GradedCalibration, NotConverged
from passport.errors import BankExhausted, ContentError, FrameworkMismatch
from passport.framework import SkillFramework, load_framework
from passport.games import Game, GameEvidence, GameForm, absorb_evidence, game_gain, load_games, next_game
from passport.items import ItemBank, ItemContent, ItemText, load_items
from passport.passport import Passport, band_probabilities, issue, stack
from passport.posterior import Posterior

__all__ = [
    "RULES",
    "Activity",
    "Anchors",
    "BankExhausted",
    "ContentError",
    "FrameworkMismatch",
    "Game",
    "GameEvidence",
    "GameForm",
    "GradedCalibration",
    "ItemBank",
    "ItemContent",
    "ItemText",
    "NotConverged",
    "Passport",
    "Posterior",
    "Progress",
    "Rules",
    "SkillFramework",
    "absorb_evidence",
    "band_probabilities",
    "begin",
    "choose",
    "choose_activity",
    "finished",
    "game_gain",
    "issue",
    "load_framework",
    "load_games",
    "load_items",
    "next_game",
    "observe",
    "play",
    "provisional",
    "stack",
]
