"""What the kernels of placing people work on: a market of edges, and its seats; arithmetic only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from matching._checks import Bool, Float64, Int32, Int64

Function = TypeVar("Function", bound=Callable[..., Any])
_compiler: Any = njit


class Market(NamedTuple):
    """Who could take what. An edge is one option of one person; those of a person stand together, in her own order.

    start: (people + 1,), where the edges of each person begin.
    person, vacancy, value: (edges,).
    column, by_vacancy: (vacancies + 1,) and (edges,): the edges of each vacancy, equal values in the order of ties;
        best value first where `in_order` (vacancies,) says so: most vacancies are never asked.
    first: (vacancies + 1,), where the seats of each vacancy begin.
    """

    start: Int64
    person: Int32
    vacancy: Int32
    value: Float64
    column: Int64
    by_vacancy: Int64
    in_order: Bool
    first: Int64


class Seats(NamedTuple):
    """Who holds what. The edges that hold a vacancy's seats are a heap, lowest bid first.

    heap: (seats,); of each vacancy the first `held` count. held: (vacancies,). taken: (people,). bid, holds: (edges,).
    price: (vacancies,), what a free seat costs, or the cheapest one when none is free.
    """

    heap: Int64
    held: Int64
    taken: Int64
    bid: Float64
    holds: Bool
    price: Float64


def kernel(function: Function) -> Function:
    """Compile without holding Python's lock, and keep the machine code."""
    return cast(Function, _compiler(nogil=True, cache=True)(function))


@kernel
def columns(start: Int64, vacancy: Int32, in_turn: Int64, vacancies: int) -> tuple[Int64, Int64]:
    """Return where each vacancy's edges begin, and the edges, as people are `in_turn`."""
    column, edges = np.zeros(vacancies + 1, np.int64), np.empty(len(vacancy), np.int64)
    for each in vacancy:
        column[each + 1] += 1
    column = np.cumsum(column)
    at = column[:-1].copy()
    for person in in_turn:
        for edge in range(start[person], start[person + 1]):
            edges[at[vacancy[edge]]] = edge
            at[vacancy[edge]] += 1
    return column, edges


@kernel
def put_in_order(market: Market, vacancy: int) -> None:
    """Put the edges of one vacancy in order, best value first."""
    if not market.in_order[vacancy]:
        own = market.by_vacancy[market.column[vacancy] : market.column[vacancy + 1]]
        own[:] = own[np.argsort(-market.value[own], kind="mergesort")]
        market.in_order[vacancy] = True


@kernel
def put_all_in_order(market: Market) -> None:
    """Put the edges of every vacancy in order."""
    for vacancy in range(len(market.in_order)):
        put_in_order(market, vacancy)
