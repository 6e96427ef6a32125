"""Where the machine code of the kernels is kept, and whether it is there yet.

numba is imported by nothing else at import time, because that alone takes longer than most small questions.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from matching._checks import check_count

HERE = Path(__file__).parent
SOURCES = ("_kernels.py", "_lanes.py", "_blocks.py")
READY = "ready"  # written after everything else

log = logging.getLogger("matching")
_loaded: list[ModuleType] = []


@cache
def has_numba() -> bool:
    """Tell whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def processors(threads: int | None = None) -> int:
    """Return how many threads to use: as many as asked for, or as there are processors for this process."""
    if threads is not None:
        return check_count("threads", threads, 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ready(folder: Path | None = None) -> bool:
    """Tell whether kernels can answer without being compiled first: compiled in this process, or kept in a folder."""
    if _loaded:
        return True
    place = kept_in(folder) if has_numba() else None
    return place is not None and (place / READY).exists()


def kernels(folder: Path | None = None) -> ModuleType:
    """Return the module of the kernels, compiled; the first time in a process that takes from one to ten seconds."""
    if not _loaded:
        _loaded.append(_load(folder))
    return _loaded[0]


def _load(folder: Path | None) -> ModuleType:
    place = kept_in(folder)
    known = place is not None and (place / READY).exists()
    if not known:
        log.info("compiling the matching kernels, once: about ten seconds (kept in %s)", place or "memory only")
    began = time.perf_counter()
    with _keeping(place):
        module = importlib.import_module("matching._kernels")
    _warm(module)
    if place is not None and not known:
        (place / READY).touch()
        log.info("compiled the matching kernels in %.1f s", time.perf_counter() - began)
    return module


def _warm(module: ModuleType) -> None:
    """Call every kernel once, on nobody."""
    from matching import _layout
    from matching._asks import asks
    from matching._blocks import LANES, no_best
    from matching._sweep import Sweep
    from matching.problem import Vacancies

    blocks = _layout.empty(0, 1, 1, 1)
    nothing = Vacancies((), ("skill",), np.empty((0, 1), np.int8), np.empty((0, 1), np.float32))
    jobs, scale = asks(nothing, None, 1, np.empty(0, np.int64))
    sweep = Sweep([blocks], blocks.keys.ravel(), jobs, 0, 1, ())
    limits, at = (np.empty(0, np.uint16), np.empty(LANES, np.uint16)), (0, scale, np.uint64(0))
    lists, best, words = sweep.of_jobs, no_best(0, 1), np.empty((0, 0), np.uint64)
    module.scan(blocks, words, jobs, lists, lists, limits, at, words.ravel(), 0, 0, 0, 0)
    module.sort(lists, 0, 0, at)
    module.write_jobs(blocks, jobs, lists, best, at, 0, 0)
    module.write_people(blocks, jobs, lists, best, at, 0, 0)


@cache
def kept_in(folder: Path | None = None) -> Path | None:
    """Return the folder for machine code of just these sources, this numba and this processor; None if none can be.

    Tried in turn: `folder`, NUMBA_CACHE_DIR, beside the package, the user's cache. Never a folder everybody can write
    to: whoever writes there decides what this process runs.
    """
    tried = [folder, os.environ.get("NUMBA_CACHE_DIR"), HERE / "__pycache__", _users_cache()]
    for base in tried:
        if base:
            place = Path(base) / f"matching-{_fingerprint()}"
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            if os.access(place, os.W_OK) or (place / READY).exists():
                return place
    return None


def _users_cache() -> Path | None:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skills-passport"
    except RuntimeError:  # nobody's home
        return None


def _fingerprint() -> str:
    import llvmlite.binding
    import numba

    digest = blake2b(digest_size=8)
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    versions = numba.__version__, np.__version__, sys.version, platform.machine(), llvmlite.binding.get_host_cpu_name()
    digest.update(repr(versions).encode())
    return digest.hexdigest()


@contextmanager
def _keeping(place: Path | None) -> Iterator[None]:
    """Let functions that are decorated meanwhile keep their machine code in `place`."""
    config: Any = importlib.import_module("numba.core.config")
    before = config.CACHE_DIR
    if place is not None:
        config.CACHE_DIR = str(place)
    try:
        yield
    finally:
        config.CACHE_DIR = before
