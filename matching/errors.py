"""Conditions a caller of `matching` may want to act on; every one is also a builtin exception.

ValueError
└── FrameworkMismatch    a pool and vacancies, or two parts to be joined, do not name the same skills in the same order

Wrong arrays are plain ValueError or TypeError: what came, and what was expected.
"""


class FrameworkMismatch(ValueError):
    """Two tables do not name the same skills in the same order, so their columns cannot be compared."""
