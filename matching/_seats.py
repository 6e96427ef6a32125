"""Seats: the auction that places people best, and deferred acceptance; arithmetic only, no checks, no defaults.

Auction: Bertsekas 1988 (epsilon scaling), Bertsekas & Castanon 1989 (several equal seats), and for seats that stay free
the reverse auction of Bertsekas, Castanon & Tsaknakis 1993. Everybody takes at most `units` seats, of different
vacancies. Kept true by every step, so that the total is within epsilon of the best for every seat in use: nothing that
somebody does not hold is worth more, above its price, than epsilon plus the least of what is held.
"""

from __future__ import annotations

import numpy as np

from matching._checks import Float64, Int64
from matching._edges import Market, Seats, columns, kernel, put_all_in_order, put_in_order

__all__ = [
    "Market",
    "Seats",
    "bound",
    "columns",
    "forward",
    "people_propose",
    "put_all_in_order",
    "release",
    "reverse",
    "vacancies_propose",
]

NOBODY = -1


@kernel
def _sink(heap: Int64, bid: Float64, low: int, size: int, at: int) -> None:
    edge = heap[low + at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and bid[heap[low + child + 1]] < bid[heap[low + child]]:
            child += 1
        if bid[heap[low + child]] >= bid[edge]:
            break
        heap[low + at] = heap[low + child]
        at = child
    heap[low + at] = edge


@kernel
def _rise(heap: Int64, bid: Float64, low: int, at: int) -> None:
    edge = heap[low + at]
    while at > 0 and bid[heap[low + (at - 1) // 2]] > bid[edge]:
        heap[low + at] = heap[low + (at - 1) // 2]
        at = (at - 1) // 2
    heap[low + at] = edge


@kernel
def _leave(market: Market, seats: Seats, edge: int) -> None:
    """Give a seat back at an unchanged price."""
    vacancy, at = market.vacancy[edge], 0
    low, last = market.first[vacancy], seats.held[vacancy] - 1
    while seats.heap[low + at] != edge:
        at += 1
    seats.held[vacancy] = last
    seats.holds[edge] = False
    seats.taken[market.person[edge]] -= 1
    if at < last:
        seats.heap[low + at] = seats.heap[low + last]
        _sink(seats.heap, seats.bid, low, last, at)
        _rise(seats.heap, seats.bid, low, at)


@kernel
def _take(market: Market, seats: Seats, edge: int, amount: float) -> int:
    """Take a seat for `amount`, from whoever bid least when none is free; return the edge that lost it, or NOBODY."""
    vacancy, loser = market.vacancy[edge], NOBODY
    low, size = market.first[vacancy], seats.held[vacancy]
    room = market.first[vacancy + 1] - low
    seats.bid[edge], seats.holds[edge] = amount, True
    seats.taken[market.person[edge]] += 1
    if size < room:
        seats.heap[low + size] = edge
        seats.held[vacancy] = size + 1
        _rise(seats.heap, seats.bid, low, size)
    else:
        loser = seats.heap[low]
        seats.holds[loser] = False
        seats.taken[market.person[loser]] -= 1
        seats.heap[low] = edge
        _sink(seats.heap, seats.bid, low, size, 0)
    if seats.held[vacancy] == room:
        seats.price[vacancy] = seats.bid[seats.heap[low]]
    return loser


@kernel
def _best(market: Market, seats: Seats, person: int) -> tuple[int, float]:
    """Return the best edge that is not held and worth its price, or NOBODY, and by how much it beats the second."""
    best, second, chosen = 0.0, 0.0, NOBODY
    for edge in range(market.start[person], market.start[person + 1]):
        if not seats.holds[edge]:
            net = market.value[edge] - seats.price[market.vacancy[edge]]
            if net > best or (chosen == NOBODY and net >= 0.0):
                second, best, chosen = best, net, edge  # nothing at all is worth 0
            elif net > second:
                second = net
    return chosen, best - second


@kernel
def forward(market: Market, seats: Seats, units: int, epsilon: float) -> int:
    """Let everybody with fewer than `units` seats bid until nothing is worth its price to them; return the bids."""
    people = len(seats.taken)
    queue, waiting = np.empty(people + 1, np.int64), np.ones(people, np.bool_)
    queue[:people] = np.arange(people)
    head, tail, bids = 0, people, 0
    while head != tail:
        person = queue[head]
        head = head + 1 if head < people else 0
        waiting[person] = False
        while seats.taken[person] < units:
            edge, ahead = _best(market, seats, person)
            if edge == NOBODY:
                break
            bids += 1
            loser = _take(market, seats, edge, seats.price[market.vacancy[edge]] + ahead + epsilon)
            if loser != NOBODY and not waiting[market.person[loser]]:
                queue[tail] = market.person[loser]
                waiting[market.person[loser]] = True
                tail = tail + 1 if tail < people else 0
    return bids


@kernel
def _least(market: Market, seats: Seats, person: int, units: int) -> tuple[float, int]:
    """Return the least that a seat somebody holds is worth above its price, and its edge; 0 and NOBODY if room."""
    least, chosen = 0.0, NOBODY
    if seats.taken[person] == units:
        for edge in range(market.start[person], market.start[person + 1]):
            if seats.holds[edge]:
                net = market.value[edge] - seats.price[market.vacancy[edge]]
                if chosen == NOBODY or net < least:
                    least, chosen = net, edge
    return max(least, 0.0), chosen


@kernel
def _keenest(market: Market, seats: Seats, vacancy: int, units: int) -> tuple[float, float, int, int]:
    """Return who would pay most for a seat: how much, how much the second, her edge, and the edge she would give up."""
    best, second, chosen, dropped = 0.0, 0.0, NOBODY, NOBODY
    put_in_order(market, vacancy)
    for at in range(market.column[vacancy], market.column[vacancy + 1]):
        edge = market.by_vacancy[at]
        if market.value[edge] <= second:
            break  # nobody pays more than the value, and values fall
        if not seats.holds[edge]:
            least, gives_up = _least(market, seats, market.person[edge], units)
            worth = market.value[edge] - least
            if worth > best:
                second, best, chosen, dropped = best, worth, edge, gives_up
            elif worth > second:
                second = worth
    return best, second, chosen, dropped


@kernel
def reverse(market: Market, seats: Seats, units: int, epsilon: float) -> int:
    """Lower the prices of free seats until somebody takes them or they cost nothing; return the offers made."""
    vacancies = len(seats.held)
    queue, waiting = np.empty(vacancies + 1, np.int64), np.ones(vacancies, np.bool_)
    queue[:vacancies] = np.arange(vacancies)
    head, tail, offers = 0, vacancies, 0
    while head != tail:
        vacancy = queue[head]
        head = head + 1 if head < vacancies else 0
        waiting[vacancy] = False
        while seats.price[vacancy] > 0.0 and seats.held[vacancy] < market.first[vacancy + 1] - market.first[vacancy]:
            best, second, edge, dropped = _keenest(market, seats, vacancy, units)
            offers += 1
            if best <= epsilon:
                seats.price[vacancy] = 0.0
                break
            seats.price[vacancy] = min(seats.price[vacancy], max(0.0, second - epsilon))
            if dropped != NOBODY:
                _leave(market, seats, dropped)
                other = market.vacancy[dropped]
                if not waiting[other]:
                    queue[tail] = other
                    waiting[other] = True
                    tail = tail + 1 if tail < vacancies else 0
            _take(market, seats, edge, seats.price[vacancy])
    return offers


@kernel
def release(market: Market, seats: Seats, epsilon: float) -> None:
    """Free every seat whose holder would rather have something else by more than `epsilon`, or nothing at all."""
    for person in range(len(seats.taken)):
        best = 0.0
        for edge in range(market.start[person], market.start[person + 1]):
            if not seats.holds[edge]:
                best = max(best, market.value[edge] - seats.price[market.vacancy[edge]])
        for edge in range(market.start[person], market.start[person + 1]):
            if seats.holds[edge] and market.value[edge] - seats.price[market.vacancy[edge]] < best - epsilon:
                _leave(market, seats, edge)


@kernel
def bound(market: Market, price: Float64, units: int) -> float:
    """Return what no placement exceeds: what all seats cost, and what everybody could gain at these prices."""
    total = 0.0
    for vacancy in range(len(price)):
        total += price[vacancy] * (market.first[vacancy + 1] - market.first[vacancy])
    best = np.empty(units)
    for person in range(len(market.start) - 1):
        best[:] = 0.0
        for edge in range(market.start[person], market.start[person + 1]):
            net, at = market.value[edge] - price[market.vacancy[edge]], units - 1
            if net > best[at]:
                while at > 0 and best[at - 1] < net:
                    best[at] = best[at - 1]
                    at -= 1
                best[at] = net
        total += best.sum()
    return total


@kernel
def people_propose(market: Market, seats: Seats, wish: Int64, liked: Float64) -> None:
    """Place people (Gale & Shapley 1962): `wish` are all edges in each person's order, `liked` what seats go by."""
    turn = market.start[:-1].copy()
    waiting, left = np.arange(len(seats.taken) - 1, -1, -1), len(seats.taken)
    while left:
        left -= 1
        person = waiting[left]
        while seats.taken[person] == 0 and turn[person] < market.start[person + 1]:
            edge = wish[turn[person]]
            turn[person] += 1
            vacancy = market.vacancy[edge]
            low, room = market.first[vacancy], market.first[vacancy + 1] - market.first[vacancy]
            full = seats.held[vacancy] == room
            if room == 0 or (full and liked[edge] < seats.bid[seats.heap[low]]):
                continue
            loser = _take(market, seats, edge, liked[edge])
            if loser != NOBODY:
                waiting[left] = market.person[loser]
                left += 1


@kernel
def vacancies_propose(market: Market, seats: Seats, order: Int64, wished: Float64) -> None:
    """Place people: `order` are all edges in each vacancy's order, `wished` what people go by."""
    turn, holding = market.column[:-1].copy(), np.full(len(seats.taken), NOBODY)
    waiting, queued = np.arange(len(seats.held) - 1, -1, -1), np.ones(len(seats.held), np.bool_)
    left = len(waiting)
    while left:
        left -= 1
        vacancy = waiting[left]
        queued[vacancy], room = False, market.first[vacancy + 1] - market.first[vacancy]
        while seats.held[vacancy] < room and turn[vacancy] < market.column[vacancy + 1]:
            edge = order[turn[vacancy]]
            turn[vacancy] += 1
            before = holding[market.person[edge]]
            if before != NOBODY and wished[before] > wished[edge]:
                continue
            if before != NOBODY:
                _leave(market, seats, before)
                if not queued[market.vacancy[before]]:
                    waiting[left], queued[market.vacancy[before]] = market.vacancy[before], True
                    left += 1
            holding[market.person[edge]] = edge
            _take(market, seats, edge, 0.0)
