"""Rank people for vacancies and vacancies for people, exactly and explained: matrices in, rankings out.

pool = Pool(people=ids, skills=skills, mean=mean, sd=sd, attributes=attributes)
vacancies = Vacancies(vacancies=ids, skills=skills, band=band, importance=importance, requirements=requirements)
ranking = rank(pool, vacancies, k=20)                    # for every vacancy its best people
ranking = rank(pool, vacancies, k=20, side="people")     # for every person their best vacancies
ranking = PoolIndex(pool).rank(vacancies, k=20)          # the same, laid out once for many questions
why = explain(pool, vacancies, person=3, vacancy=0)      # contributions that add up to the fit
placed = allocate(pool, vacancies, k=20, method="fit")   # at most one offer each, at the best total; or "stable"
lists = spread(pool, vacancies, k=5)                     # k options each, no vacancy on too many lists
"""

from matching.allocate import Allocation, allocate
from matching.counterfactual import Neighbour, Opening, Position, openings, position
from matching.demands import Demands, Easing, Relaxation, demands
from matching.errors import FrameworkMismatch
from matching.explain import Explanation, Help, explain
from matching.fit import expected_ramp
from matching.formal import Attributes, Requirements
from matching.gates import GATES, refusals
from matching.index import PoolIndex
from matching.measure_more import Queue, TopUp, measure_more, top_up
from matching.problem import Pool, Vacancies
from matching.rank import Ranking, merge, rank
from matching.spread import Spread, spread

__all__ = [
    "GATES",
    "Allocation",
    "Attributes",
    "Demands",
    "Easing",
    "Explanation",
    "FrameworkMismatch",
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
]
