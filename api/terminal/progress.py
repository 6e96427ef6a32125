"""Progress of long work: a bar on a terminal, JSON lines when piped. Always on standard error, never in the result."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 1.0  # seconds between two JSON lines


@contextmanager
def progress(step: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function to call with (done, total) while `step` runs."""
    if sys.stderr.isatty():
        yield from _bar(step)
    else:
        yield from _lines(step)


def _bar(step: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(step, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(step: str) -> Iterator[Callable[[int, int], None]]:
    last = 0.0

    def say(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done >= total or now - last >= EVERY:
            last = now
            print(json.dumps({"step": step, "done": done, "total": total}), file=sys.stderr, flush=True)

    yield say
