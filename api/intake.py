"""Where pushed messages go: into the broker, whose persistent session is the write-ahead log of the hub."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from api.errors import NotFound, NotTaken
from dispatch.notify import PublishError
from ingest.formats.table import pushed_topics

Deliver = Callable[[str, bytes], Awaitable[None]]
"""Hands topic and message to the broker; returns once it keeps it, PublishError when it doesn't."""


@dataclass(slots=True)
class IntakeStats:
    """Counts since the start of the process."""

    taken: int = 0
    not_taken: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """Where messages go: ``formats`` are those that the hub reads, ``prefix`` what their topics begin with."""

    deliver: Deliver
    formats: Sequence[str]
    prefix: str = "ingress"
    stats: IntakeStats = field(default_factory=IntakeStats)

    async def take(self, name: str, message: bytes) -> None:
        """Hand over a message of the format ``name``; NotFound when it isn't read, NotTaken."""
        topics = {format_name: topic for topic, format_name in pushed_topics(self.formats, self.prefix).items()}
        if name not in topics:
            known = ", ".join(topics)
            raise NotFound(
                zh=f"没有启用格式 {name}；已启用：{known}。可在 LIFELINE_FORMATS 中启用。",
                en=f"The format {name} is not switched on; those that are: {known}. LIFELINE_FORMATS names them.",
            )
        try:
            await self.deliver(topics[name], message)
        except PublishError as error:
            self.stats.not_taken += 1
            raise NotTaken(
                zh=f"消息代理未收下此消息，请稍后重发（{error}）。",
                en=f"The broker did not take the message, send it again later: {error}.",
            ) from error
        self.stats.taken += 1
