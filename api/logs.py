"""Logs: one JSON object a line on standard error, with a request id, without bodies, queries, paths or addresses."""

from __future__ import annotations

import structlog


def configure() -> None:
    """Make every logger of this process write JSON lines; the command line calls this once, at start."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=_Stderr()),
        cache_logger_on_first_use=False,
    )


class _Stderr:
    """Standard error as it is when written to, so that whoever redirects it later is followed."""

    def write(self, text: str) -> int:
        import sys

        return sys.stderr.write(text)

    def flush(self) -> None:
        import sys

        sys.stderr.flush()
