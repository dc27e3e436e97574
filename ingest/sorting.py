"""What a batch of messages turned into, and which message each row came from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.formats.uplink import Command
from ingest.payload import Row
from ingest.quarantine import Rejected
from ingest.source import Message


@dataclass(slots=True)
class Sorted:
    """A batch taken apart. ``origins[kind][i]`` is the message of ``rows[kind][i]``.

    ``commands`` are to be published in answer once the batch is committed, ``empty`` messages measured nothing.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    origins: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    rejected: list[Rejected] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    empty: int = 0

    def add(self, kind: str, rows: Sequence[Row], message: Message) -> None:
        """Take in rows of one kind that ``message`` holds."""
        self.rows[kind] += rows
        self.origins[kind] += [message] * len(rows)


def conflicts(origins: Sequence[Message], rows: Sequence[Row], conflicting: Sequence[int]) -> list[Rejected]:
    """The messages behind conflicting rows, each once, however many of its readings are in conflict."""
    times: dict[int, list[str]] = {}
    messages: dict[int, Message] = {}
    for position in conflicting:
        message = origins[position]
        messages[id(message)] = message
        times.setdefault(id(message), []).append(rows[position][1].isoformat())
    now = datetime.now(UTC)
    return [
        Rejected(
            message.topic,
            message.payload,
            f"a reading of {', '.join(times[key])} with other values is already stored",
            now,
        )
        for key, message in messages.items()
    ]
