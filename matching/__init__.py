"""Rank people for vacancies and vacancies for people, exactly and explained: matrices in, rankings out.

pool = Pool(people=ids, skills=skills, mean=mean, sd=sd, attributes=attributes)
vacancies = Vacancies(vacancies=ids, skills=skills, band=band, importance=importance, requirements=requirements)
ranking = rank(pool, vacancies, k=20)                    # for every vacancy its best people
ranking = rank(pool, vacancies, k=20, side="people")     # for every person their best vacancies
why = explain(pool, vacancies, person=3, vacancy=0)      # contributions that add up to the fit
"""

from matching.errors import FrameworkMismatch
from matching.explain import Explanation, Help, explain
from matching.fit import expected_ramp
from matching.formal import Attributes, Requirements
from matching.gates import GATES, refusals
from matching.problem import Pool, Vacancies
from matching.rank import Ranking, merge, rank

__all__ = [
    "GATES",
    "Attributes",
    "Explanation",
    "FrameworkMismatch",
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
]
