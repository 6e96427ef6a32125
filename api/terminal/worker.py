"""`passport worker`: work on queued jobs until stopped."""

from __future__ import annotations

import signal
import threading

from api.services.caseloads import HANDLERS
from api.settings import Settings
from api.store.jobs import Worker
from api.store.session import make_engine, sessions


def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; a chunk in hand is finished first, an unfinished job goes on elsewhere."""
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    Worker(sessions(make_engine(settings)), HANDLERS, settings).run_forever(stop)
