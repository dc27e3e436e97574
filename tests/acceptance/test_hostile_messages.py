"""10,000 hostile messages between good ones: the hub stays up, quarantines each, and stores the good ones.

What is counted is what the broker took: a QoS 1 message by its acknowledgement, a QoS 0 message by that of the next
QoS 1 message on the same connection. A broker may refuse a message by hanging up; then it has not taken it. The one
rule by which a message that was taken may be missing: it is larger than the hub's Maximum Packet Size of 1 MiB, which
the broker keeps to (MQTT 5, 3.1.2.11.4).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import IO

import asyncpg
import mqtt5
import msgspec
from hostile_messages import Sent, code_of, enumerated, generated, good, hand_made, over_size
from hub_support import HubOn, Until

from ingest.broker import Broker
from ingest.kinds import KINDS
from lifeline.supervisor import running_hub

HOSTILE = 10_000
_WINDOW = 200  # messages under way, or as many as the broker allows
_FAILURE = 0x80


def _length(size: int) -> bytes:
    """A variable byte integer (MQTT 5, 1.5.5)."""
    found = bytearray()
    while True:
        size, digit = divmod(size, 128)
        found.append(digit | (128 if size else 0))
        if not size:
            return bytes(found)


def publish_packet(message: Sent, packet_id: int) -> bytes:
    """PUBLISH by hand, since no library would send some of these topics."""
    identifier = packet_id.to_bytes(2, "big") if message.qos else b""
    body = len(message.topic).to_bytes(2, "big") + message.topic + identifier + b"\0" + message.payload
    return bytes([0x30 | message.qos << 1 | message.retain]) + _length(len(body)) + body


@dataclass(slots=True)
class Sender:
    """Publishes and keeps account; comes back after the broker has hung up."""

    broker: Broker
    client_id: str
    taken: list[Sent] = field(default_factory=list)
    refused: list[Sent] = field(default_factory=list)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _rest: bytes = b""
    _window: int = 1

    async def send(self, messages: Sequence[Sent]) -> None:
        """Publish ``messages`` in order and wait until the fate of each is known."""
        await self._connect()
        group: list[Sent] = []
        for message in messages:
            if group and (message.alone or group[-1].alone or len(group) == self._window):
                await self._send_group(group)
                group = []
            group.append(message)
        if group:
            await self._send_group(group)

    async def _send_group(self, group: Sequence[Sent]) -> None:
        answers = await self._exchange(group)
        if answers is None:
            assert len(group) == 1, f"the broker hung up on one of {group}"
            self.refused += group
            self.close()
            return
        for number, message in enumerate(group, 1):
            (self.taken if answers.get(number, 0) < _FAILURE else self.refused).append(message)

    async def _exchange(self, group: Sequence[Sent]) -> dict[int, int] | None:
        """Reason codes by packet identifier; None when the broker hung up."""
        packets = [publish_packet(message, number) for number, message in enumerate(group, 1)]
        awaited = {number for number, message in enumerate(group, 1) if message.qos}
        answers: dict[int, int] = {}
        try:
            await self._connect()
            assert self._writer is not None
            # A ping after QoS 0 messages: when it is answered, they have been taken.
            self._writer.write(b"".join(packets) + mqtt5.PingReqPacket().write())
            pinged = False
            while not pinged or awaited - answers.keys():
                packet = await self._read()
                if isinstance(packet, mqtt5.PubAckPacket):
                    answers[packet.packet_id] = int(packet.reason_code)
                elif isinstance(packet, mqtt5.PingRespPacket):
                    pinged = True
                elif isinstance(packet, mqtt5.DisconnectPacket):
                    return None
        except (OSError, EOFError):
            return None
        return answers

    async def _connect(self) -> None:
        if self._writer is not None:
            return
        self._reader, self._writer = await asyncio.open_connection(self.broker.host, self.broker.port)
        self._rest = b""
        self._writer.write(mqtt5.ConnectPacket(client_id=self.client_id, clean_start=True, keep_alive=60).write())
        connack = await self._read()
        assert isinstance(connack, mqtt5.ConnAckPacket)
        assert connack.reason_code == mqtt5.ConnAckReasonCode.SUCCESS
        self._window = min(_WINDOW, connack.receive_max)

    async def _read(self) -> mqtt5.Packet:
        assert self._reader is not None
        while True:
            with suppress(IndexError):
                packet, length = mqtt5.read(self._rest)
                self._rest = self._rest[length:]
                return packet
            data = await asyncio.wait_for(self._reader.read(65536), 10)
            if not data:
                raise EOFError
            self._rest += data

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None


def conflicting(message: Sent) -> Sent:
    """Another account of the same moment by the same sensor; the first one counts."""
    reading = msgspec.json.decode(message.payload)
    return replace(message, payload=msgspec.json.encode({**reading, "battery_pct": 1}))


def interleave(prefix: str, now: datetime) -> tuple[list[Sent], list[Sent], list[Sent]]:
    """Hostile messages, good ones, and all of them in the order of sending: each hostile one has good neighbours."""
    hostile = [*hand_made(prefix, now), *enumerated(prefix, now)]
    hostile += generated(prefix, now, HOSTILE - len(hostile))
    start = now - timedelta(hours=3)
    names = sorted(KINDS)
    valid = [good(prefix, names[n % len(names)], start + timedelta(seconds=n)) for n in range(HOSTILE)]
    order = [message for pair in zip(valid, hostile, strict=True) for message in pair]
    for number in (100, 2000, HOSTILE - 1):
        order.append(conflicting(valid[number]))
        hostile.append(order[-1])
    # The neighbours of what nobody may get: the connection may end with it.
    order[1000:1000] = [over_size(prefix)]
    return hostile, valid, order


async def test_hostile_messages_are_quarantined_and_their_neighbours_stored(
    pool: asyncpg.Pool, database_url: str, broker_url: str, hub_on: HubOn, hub_log: IO[bytes], until: Until
) -> None:
    settings = hub_on(database_url, broker_url)
    await pool.executemany("INSERT INTO sensor (code, kind) VALUES ($1, $2)", [(code_of(kind), kind) for kind in KINDS])
    hostile, valid, order = interleave(settings.topic_prefix, datetime.now(UTC))
    sender = Sender(Broker.parse(broker_url), f"{settings.client_id}-hostile")

    with closing(sender):
        async with running_hub(settings, output=hub_log) as hub:
            pid = hub["ingest"].pid
            await sender.send(order)
            taken = Counter(sender.taken)
            held = taken & Counter(hostile)

            async def settled() -> bool:
                return await count_stored(pool) >= len(valid) and await count_held(pool) >= held.total()

            await until(settled, "everything is stored or quarantined", within_s=30)
            assert hub["ingest"].pid == pid
            assert hub["ingest"].restarts == 0
            assert await hub["ingest"].is_ready()
        await sender.send([replace(message, payload=b"") for message in sender.taken if message.retain])

    assert taken & Counter(valid) == Counter(valid)
    assert await stored_times(pool) == sorted(times_of(valid))
    rows = await pool.fetch("SELECT topic, payload, reason FROM quarantine")
    assert Counter((row["topic"], row["payload"]) for row in rows) == Counter(as_held(held))
    assert [row["topic"] for row in rows if not row["reason"]] == []
    assert held.total() > 0.99 * HOSTILE


async def count_held(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM quarantine"))


async def count_stored(pool: asyncpg.Pool) -> int:
    counts = [await pool.fetchval(f"SELECT count(*) FROM {kind.table}") for kind in KINDS.values()]
    return sum(counts)


async def stored_times(pool: asyncpg.Pool) -> list[tuple[str, datetime]]:
    """Sensor and time of every reading."""
    found = []
    for kind in KINDS.values():
        rows = await pool.fetch(f"SELECT code, time FROM {kind.table} JOIN sensor USING (sensor_id)")
        found += [(row["code"], row["time"]) for row in rows]
    return sorted(found)


def times_of(messages: Sequence[Sent]) -> Iterator[tuple[str, datetime]]:
    for message in messages:
        code = message.topic.decode().split("/")[-2]
        yield code, datetime.fromisoformat(msgspec.json.decode(message.payload)["time"])


def as_held(messages: Counter[Sent]) -> Iterator[tuple[str, bytes]]:
    """How quarantine keeps them: PostgreSQL's text can't hold the NUL that one broker lets through in topics."""
    for message in messages.elements():
        yield message.topic.decode().replace("\0", "\ufffd"), message.payload
