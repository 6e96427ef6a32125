"""What can go wrong in the assessment, as a tree.

    ValueError
    ├── ContentError          a content file is broken: names file, item and field
    └── FrameworkMismatch     two things that belong to different framework or bank versions
    LookupError
    └── BankExhausted         no item is left to ask

Wrong arrays raise plain ValueError or TypeError: what came, what was expected.
"""

from __future__ import annotations


class ContentError(ValueError):
    """A content file that cannot be used; the message names the file, the item and the field."""


class FrameworkMismatch(ValueError):
    """Two objects made for different versions of the skill framework or the item bank."""


class BankExhausted(LookupError):
    """Every item of the bank that may be asked was asked."""
