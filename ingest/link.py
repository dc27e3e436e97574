"""One connection to the broker: bytes in, packets out."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

import mqtt5

from ingest.broker import Broker
from ingest.errors import IngestError
from ingest.source import Batch

Answer = TypeVar("Answer")

KEEP_ALIVE_S = 30
_ANSWER_WITHIN_S = 10.0
_INBOX_BYTES = 32 << 20
_GRANTED = (mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE, mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


@cache  # there are 65,535 of them, and they come round again and again
def _puback(packet_id: int) -> bytes:
    return mqtt5.PubAckPacket(packet_id).write()


class SessionError(IngestError):
    """The broker can't be reached, refused the session, or broke the protocol."""


@dataclass(slots=True)
class SessionStats:
    """Counts since the start of the process."""

    received: int = 0
    acknowledged: int = 0
    connects: int = 0
    connected: bool = False


@dataclass(slots=True)
class Inbox:
    """What has arrived and was not taken yet; ``size_bytes`` is about its size on the wire."""

    messages: list[mqtt5.PublishPacket] = field(default_factory=list)
    size_bytes: int = 0
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, most: int) -> list[mqtt5.PublishPacket]:
        """Remove and return the first messages. The size left is a share: exact sizes would cost a look at each."""
        count = len(self.messages)
        taken = self.messages[:most]
        del self.messages[:most]
        self.size_bytes = self.size_bytes * len(self.messages) // count if count else 0
        if not self.messages:
            self.filled.clear()
        return taken


def _topic_filter(pattern: str) -> mqtt5.TopicFilter:
    # Retained messages come with a new session only: one that can't be taken would else be quarantined again with
    # every reconnection.
    return mqtt5.TopicFilter(
        pattern,
        max_qos=mqtt5.QoS.AT_LEAST_ONCE,
        retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
    )


class Link(asyncio.Protocol):
    """The protocol of one connection. QoS 1 is bounded by Receive Maximum, QoS 0 by reading no more of it."""

    def __init__(self, inbox: Inbox, stats: SessionStats, receive_max: int) -> None:
        loop = asyncio.get_running_loop()
        self._inbox = inbox
        self._stats = stats
        self._high_water = 2 * receive_max
        self._rest = b""
        self._paused = False
        self._heard_at = loop.time()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self._suback: asyncio.Future[mqtt5.SubAckPacket] = loop.create_future()
        self._closed: asyncio.Future[str] = loop.create_future()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._socket = transport.get_extra_info("socket")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "the broker closed the connection")

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        # A broker that gathers small packets (Nagle) sends on when the last ones have been confirmed. The kernel would
        # wait up to 40 ms to do so, and forgets this wish, so it is told with every read.
        if _QUICKACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        if self._rest:
            data = self._rest + data
        view = memoryview(data)
        offset = 0
        end = len(data)
        read = mqtt5.read
        publish = mqtt5.PublishPacket
        arrived = self._inbox.messages
        before = len(arrived)
        size = 0
        try:
            while offset < end:
                packet, length = read(view[offset:])
                offset += length
                if type(packet) is publish:
                    arrived.append(packet)
                    size += length
                else:
                    self._handle(packet)
        except IndexError:
            pass  # the rest of the packet has not arrived yet
        except ValueError as error:
            self._end(f"the broker sent a malformed packet: {error}")
        self._rest = data[offset:]
        self._count(len(arrived) - before, size)

    def _count(self, arrived: int, size: int) -> None:
        if arrived:
            inbox = self._inbox
            self._stats.received += arrived
            inbox.size_bytes += size
            inbox.filled.set()
            if len(inbox.messages) >= self._high_water or inbox.size_bytes >= _INBOX_BYTES:
                self._pause()

    def _handle(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket) and not self._connack.done():
            self._connack.set_result(packet)
        elif isinstance(packet, mqtt5.SubAckPacket) and not self._suback.done():
            self._suback.set_result(packet)
        elif isinstance(packet, mqtt5.DisconnectPacket):
            self._end(f"the broker disconnected: {packet.reason_str or packet.reason_code.name}")

    # What the session does with it

    async def handshake(self, connect: mqtt5.ConnectPacket, topic_filters: Sequence[str]) -> None:
        """Connect and subscribe at QoS 1; SessionError with the broker's reason when it refuses."""
        self._send(connect.write())
        connack = await self._answer(self._connack)
        if connack.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            raise SessionError(f"the broker refused the session: {connack.reason_str or connack.reason_code.name}")
        filters = [_topic_filter(pattern) for pattern in topic_filters]
        self._send(mqtt5.SubscribePacket(1, filters).write())
        suback = await self._answer(self._suback)
        refused = [code for code in suback.reason_codes if code not in _GRANTED]
        if refused:
            raise SessionError(f"the broker refused the subscription: {suback.reason_str or refused[0].name}")

    async def _answer(self, answer: "asyncio.Future[Answer]") -> Answer:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            waited: set[asyncio.Future[Any]] = {answer, self._closed}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise SessionError(self._closed.result())
        return answer.result()

    async def keep_alive(self) -> None:
        """Ping until the connection ends; SessionError with why it ended."""
        while True:
            done, _ = await asyncio.wait({self._closed}, timeout=KEEP_ALIVE_S / 2)
            if done:
                raise SessionError(self._closed.result())
            # While reading is paused the broker's answers wait unread; that is our doing, not a dead link.
            if not self._paused and self._loop.time() - self._heard_at > 1.5 * KEEP_ALIVE_S:
                raise SessionError("the broker fell silent")
            self._send(mqtt5.PingReqPacket().write())

    def acknowledge(self, batch: Batch) -> int:
        """Send a PUBACK for each QoS 1 message of ``batch`` and return their number."""
        packets = cast(Sequence[mqtt5.PublishPacket], batch.messages)  # what this link put into the inbox
        acks = [_puback(number) for packet in packets if (number := packet.packet_id) is not None]
        if acks:
            self._send(b"".join(acks))
        return len(acks)

    def publish(self, topic: str, payload: bytes) -> None:
        """Write a PUBLISH at QoS 0."""
        self._send(mqtt5.PublishPacket(topic, payload).write())

    def say_goodbye(self) -> None:
        """Send DISCONNECT; the session expiry set at connect stays in force."""
        self._send(mqtt5.DisconnectPacket().write())

    def close(self) -> None:
        """Close the connection at once."""
        self._end("closed")
        if self._transport is not None:
            self._transport.abort()

    def resume_if_paused(self) -> None:
        """Read on once there is room again."""
        if self._paused and len(self._inbox.messages) < self._high_water // 2:
            self._paused = False
            self._heard_at = self._loop.time()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self, why: str) -> None:
        if not self._closed.done():
            self._closed.set_result(why)


async def open_link(broker: Broker, inbox: Inbox, stats: SessionStats, receive_max: int) -> Link:
    """Connect; SessionError when nobody answers."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            _, link = await loop.create_connection(
                lambda: Link(inbox, stats, receive_max), broker.host, broker.port, ssl=broker.ssl_context()
            )
    except (OSError, TimeoutError) as error:
        raise SessionError(f"can't reach the broker: {error or 'no answer'}") from error
    return link
