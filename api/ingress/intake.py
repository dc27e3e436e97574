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
        await self.publish(topics[name], message)

    async def publish(self, topic: str, message: bytes) -> None:
        """Hand over a message on its topic; NotTaken."""
        try:
            await self.deliver(topic, message)
        except PublishError as error:
            self.stats.not_taken += 1
            raise NotTaken(
                zh=f"消息代理未收下此消息，请稍后重发：{error.zh}。",
                en=f"The broker did not take the message, send it again later: {error.en}.",
            ) from error
        self.stats.taken += 1


def check_at_hand(intake: Intake | None) -> Intake:
    """``intake``; NotTaken where no broker is at hand."""
    if intake is None:
        raise NotTaken(
            zh="本系统没有连接消息代理，不能接收推送。请设置 LIFELINE_BROKER_URL，或用 lifeline up 启动。",
            en="No broker is set, so nothing can be taken in: set LIFELINE_BROKER_URL, or run `lifeline up`.",
        )
    return intake
