"""The load generator: QoS 1 publishes as fast as one core can write them, from bytes prepared ahead.

A message's bytes are made once per sensor; only the packet identifier and the thirteen digits of its epoch
milliseconds are put in as it is sent. So each (sensor, time) comes once, and the generator is seldom the limit.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import mqtt5

from simulators.broker_client import BrokerAddress
from simulators.errors import SimulatorError
from simulators.packets import whole_packets

_TIME = b"1000000000000"  # stands for the time in a template
_PACKET_ID = 0x7F7F
_CHUNK = 256
_PAUSE_S = 0.005


class LoadError(SimulatorError):
    """The broker refused or left the load generator."""


@dataclass(frozen=True, slots=True)
class Template:
    """The bytes of one sensor's PUBLISH around packet identifier and time."""

    head: bytes
    middle: bytes
    tail: bytes


def prepare(topic: str, quantities: str) -> Template:
    """The template of a sensor that always reports ``quantities``, JSON members such as ``"depth_m":0.01``."""
    payload = b'{"time":' + _TIME + b"," + quantities.encode() + b"}"
    packet = mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=_PACKET_ID).write()
    identifier_at = len(packet) - len(payload) - 3  # identifier, then an empty property list
    time_at = len(packet) - len(payload) + len(b'{"time":')
    return Template(packet[:identifier_at], packet[identifier_at + 2 : time_at], packet[time_at + len(_TIME) :])


@dataclass(slots=True)
class Load:
    """Message n is that of template n mod len(templates); ``time_ms`` gives the epoch milliseconds of each round."""

    templates: Sequence[Template]
    time_ms: Callable[[int], int]
    sent: int = 0
    acknowledged: int = 0
    waited_s: float = field(default=0.0)

    def next_bytes(self, count: int, first_packet_id: int) -> bytes:
        """The next ``count`` messages on the wire, with packet identifiers from ``first_packet_id`` on."""
        pieces: list[bytes] = []
        templates, sent, size = self.templates, self.sent, len(self.templates)
        for offset in range(count):
            turn, index = divmod(sent + offset, size)
            if index == 0 or not pieces:
                moment = b"%d" % self.time_ms(turn)
            template = templates[index]
            identifier = (first_packet_id + offset - 1) % 65535 + 1
            pieces += (
                template.head,
                identifier.to_bytes(2, "big"),
                template.middle,
                moment,
                template.tail,
            )
        self.sent += count
        return b"".join(pieces)


def present_ms() -> Callable[[int], int]:
    """Times of rounds: the present, a millisecond after the round before at least, so that no reading comes twice."""
    latest = 0

    def time_ms(_round: int) -> int:
        nonlocal latest
        latest = max(latest + 1, time.time_ns() // 1_000_000)
        return latest

    return time_ms


class _Publisher(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        loop = asyncio.get_running_loop()
        self._load = load
        self._rest = b""
        self.connected: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.writable = asyncio.Event()
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        packets, self._rest = whole_packets(self._rest + data)
        for packet in packets:
            if isinstance(packet, mqtt5.PubAckPacket):
                self._load.acknowledged += 1
            elif isinstance(packet, mqtt5.ConnAckPacket):
                self.connected.set_result(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()


async def publish(
    load: Load,
    broker: BrokerAddress,
    *,
    client_id: str,
    allowed: Callable[[], int],
    stop: Callable[[], bool],
    window: int = 1000,
) -> None:
    """Publish until ``stop()`` and all is acknowledged.

    ``allowed()`` is the number of messages that may have been sent by now; at most ``window`` are unacknowledged.
    LoadError when the broker refuses or leaves.
    """
    loop = asyncio.get_running_loop()
    transport, publisher = await loop.create_connection(
        lambda: _Publisher(load), broker.host, broker.port, ssl=broker.ssl_context()
    )
    try:
        password = broker.password
        connect = mqtt5.ConnectPacket(
            client_id=client_id,
            username=broker.username,
            password=password.encode() if password is not None else None,
            clean_start=True,
            keep_alive=600,
        )
        transport.write(connect.write())
        connack = await asyncio.wait_for(publisher.connected, 10)
        if connack.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            raise LoadError(f"the broker refused the load generator: {connack.reason_code}")
        window = min(window, connack.receive_max)
        while load.acknowledged < load.sent or not stop():
            if publisher.lost.done():
                raise LoadError("the broker closed the load generator's connection")
            room = min(window - (load.sent - load.acknowledged), allowed() - load.sent, _CHUNK)
            if room > 0 and not stop():
                transport.write(load.next_bytes(room, load.sent % 65535 + 1))
                await publisher.writable.wait()
                await asyncio.sleep(0)
            else:
                # Not woken by each acknowledgement: few large packets cost the broker and this core less than many.
                began = loop.time()
                await asyncio.sleep(_PAUSE_S)
                load.waited_s += loop.time() - began
        transport.write(mqtt5.DisconnectPacket().write())
    finally:
        transport.close()
