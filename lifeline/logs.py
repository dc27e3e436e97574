"""Structured logs: lines for people at a terminal, JSON for machines, both without passwords."""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CREDENTIALS = re.compile(r"(?<=://)([^/\s:@]*):[^/\s]*@")
_SECRET_NAMES = frozenset({"password", "secret", "token", "key", "authorization"})
_HIDDEN = "***"


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank passwords in URLs, and values whose name says that they are secret."""
    for name, value in event.items():
        if name in _SECRET_NAMES:
            event[name] = _HIDDEN
        elif isinstance(value, str) and "://" in value:
            event[name] = _CREDENTIALS.sub(rf"\1:{_HIDDEN}@", value)
    return event


def configure(level: str, *, as_json: bool, process: str, stream: TextIO | None = None) -> None:
    """Send the logs of this process, those of libraries too, to ``stream`` or standard error.

    ``level`` is a name like ``info``; ``process`` is said on every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, hide_secrets, structlog.processors.JSONRenderer()]
    if not as_json:
        # The renderer's own tracebacks show local variables, and one of those is the database's password.
        plain = structlog.dev.plain_traceback
        last = [
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty(), exception_formatter=plain),
        ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # They tell at info what the API's own request log and our events tell better, and httpx with it the addresses of
    # webhooks, which may hold secrets.
    for chatty in ("uvicorn.access", "uvicorn.error", "mqtt", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
