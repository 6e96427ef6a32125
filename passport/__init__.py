"""Assessment: answers in, passports out.

bank = load_items()
progress = begin(bank)
while not finished(progress):
    item = choose(progress, seed=7)
    progress = observe(progress, item, answer=ask(bank.contents[item]))
passport = issue(progress, person="person-000001")
"""

from passport.adaptive import RULES, Progress, Rules, begin, choose, finished, observe, provisional
from passport.calibration import Anchors, GradedCalibration, NotConverged
from passport.errors import BankExhausted, ContentError, FrameworkMismatch
from passport.framework import SkillFramework, load_framework
from passport.items import ItemBank, ItemContent, ItemText, load_items
from passport.passport import Passport, band_probabilities, issue, stack
from passport.posterior import Posterior

__all__ = [
    "RULES",
    "Anchors",
    "BankExhausted",
    "ContentError",
    "FrameworkMismatch",
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
    "band_probabilities",
    "begin",
    "choose",
    "finished",
    "issue",
    "load_framework",
    "load_items",
    "observe",
    "provisional",
    "stack",
]
