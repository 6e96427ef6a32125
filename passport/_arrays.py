"""Arrays that nobody can change behind our back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def frozen(values: npt.ArrayLike, dtype: npt.DTypeLike, shape: tuple[int | None, ...], name: str) -> npt.NDArray[Any]:
    """Return a read-only, C-ordered copy of `values`; None in `shape` stands for any length.

    Raises ValueError naming `name`, what came and what was expected.
    """
    try:
        array = np.array(values, dtype=dtype, order="C", copy=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected numbers of type {np.dtype(dtype)}, got {type(values).__name__}") from error
    expected = tuple("any" if n is None else n for n in shape)
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name}: expected shape {expected}, got {array.shape}")
    array.setflags(write=False)
    return array
