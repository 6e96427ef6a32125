"""Two instructions numba has no words for: the bounds of 64 people at once, and the lowest set bit.

Written as LLVM instructions on vectors of 64 numbers, which LLVM cuts to whatever width the processor has.
"""

# ruff: noqa: ARG001  # numba reads the signatures and hands over everything by position
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 64
_BYTE, _HALF, _INT, _LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_BYTES, _HALVES, _INTS = (ir.VectorType(each, LANES) for each in (_BYTE, _HALF, _INT))


def _bounded(
    _: Any,
    bounds: Any,
    start: Any,
    stride: Any,
    columns: Any,
    weights: Any,
    first: Any,
    middle: Any,
    last: Any,
    rest: Any,
    limit: Any,
    limits: Any,
    at: Any,
    among: Any,
) -> Any:
    """Tell which of `among`, 64 people as bits, have a bound of at least the smaller of `limit` and their own one.

    The bound is last - first, plus the sum over entries of bounds[start + columns * stride ...] * weights / 256, each
    rounded down: never less than the sum that is not rounded. `rest` is the most that entries from `middle` on can add;
    mostly nobody is left then, and they are not looked at. Own limits are limits[at ...].
    """
    integer, half = types.intp, types.uint16
    counts, after = [integer] * 2, [integer] * 3
    given = [bounds, *counts, columns, weights, *after, half, half, limits, integer, types.uint64]
    return types.uint64(*given), _write_bounded


def _write_bounded(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    """Write a loop over the entries up to the middle, a comparison, a loop over the others, and a comparison."""
    bounds, start, stride, columns, weights, first, middle, last, rest, limit, limits, at, among = (
        context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
        for kind, value in zip(signature.args, given, strict=True)
    )
    table = bounds, start, stride, columns, weights
    own = builder.load(builder.gep(limits, [at], source_etype=_HALF), align=2, typ=_HALVES)
    common = _splat(builder, limit)
    least = builder.select(builder.icmp_unsigned("<", own, common), own, common)
    empty = _splat(builder, builder.trunc(builder.sub(last, first), _HALF))

    def reached(total: Any) -> Any:
        return builder.and_(among, builder.bitcast(builder.icmp_unsigned(">=", total, least), _LONG))

    half = _sum(builder, table, first, middle, empty)
    left = reached(builder.add(half, _splat(builder, rest)))
    asked, more, done = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.cbranch(builder.icmp_unsigned("==", left, _LONG(0)), done, more)
    builder.position_at_end(more)
    found = reached(_sum(builder, table, middle, last, half))
    answered = builder.block
    builder.branch(done)
    builder.position_at_end(done)
    result = builder.phi(_LONG)
    result.add_incoming(_LONG(0), asked)
    result.add_incoming(found, answered)
    return result


def _sum(builder: Any, table: Any, first: Any, last: Any, total: Any) -> Any:
    """Write a loop that adds entries `first` to `last` to 64 sums of 16 bits."""
    bounds, start, stride, columns, weights = table
    before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.cbranch(builder.icmp_signed("<", first, last), loop, after)
    builder.position_at_end(loop)
    entry, so_far = builder.phi(_LONG), builder.phi(_HALVES)
    column = builder.sext(builder.load(builder.gep(columns, [entry], source_etype=_INT), typ=_INT), _LONG)
    weight = builder.load(builder.gep(weights, [entry], source_etype=_HALF), typ=_HALF)
    row = builder.gep(bounds, [builder.add(start, builder.mul(column, stride))], source_etype=_BYTE)
    shares = builder.zext(builder.load(row, align=1, typ=_BYTES), _HALVES)
    product = _high_half(builder, builder.shl(shares, _same(_HALVES, 8)), _splat(builder, weight))
    following, more = builder.add(entry, _LONG(1)), builder.add(so_far, product)
    for phi, value, again in (entry, first, following), (so_far, total, more):
        phi.add_incoming(value, before)
        phi.add_incoming(again, loop)
    builder.cbranch(builder.icmp_signed("<", following, last), loop, after)
    builder.position_at_end(after)
    result = builder.phi(_HALVES)
    result.add_incoming(total, before)
    result.add_incoming(more, loop)
    return result


def _high_half(builder: Any, one: Any, other: Any) -> Any:
    product = builder.mul(builder.zext(one, _INTS), builder.zext(other, _INTS))
    return builder.trunc(builder.lshr(product, _same(_INTS, 16)), _HALVES)


def _splat(builder: Any, value: Any) -> Any:
    alone = builder.insert_element(ir.Constant(_HALVES, ir.Undefined), value, _INT(0))
    return builder.shuffle_vector(alone, ir.Constant(_HALVES, ir.Undefined), _same(_INTS, 0))


def _same(kind: Any, value: int) -> Any:
    return ir.Constant(kind, [value] * LANES)


def _lowest_bit(_: Any, bits: Any) -> Any:
    """Return the number of the lowest set bit; `bits` is not 0."""

    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.IntType(1)(1))

    return types.intp(types.uint64), write


bounded: Any = intrinsic(_bounded)  # Any: a call leaves out the first argument
lowest_bit: Any = intrinsic(_lowest_bit)
