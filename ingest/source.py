"""What the pipeline knows of where messages come from: two verbs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class Message(Protocol):
    """One message as it arrived."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are committed together. ``origin`` is the source's own note for ``ack``."""

    messages: Sequence[Message]
    origin: object = None


class Source(Protocol):
    """A place that hands out messages and keeps each until it is acknowledged."""

    def batches(self) -> AsyncIterator[Batch]:
        """Batches as they fill: all that arrived while the batch before was committed."""
        ...

    def ack(self, batch: Batch) -> None:
        """Say that the messages of ``batch`` are committed and may be forgotten."""
        ...
