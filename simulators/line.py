"""MQTT 5 connections of virtual devices, without threads: they publish at QoS 1 and wait for every answer."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import mqtt5

from simulators.broker_client import BrokerAddress
from simulators.errors import SimulatorError
from simulators.packets import whole_packets

_KEEP_ALIVE_S = 30
_WITHIN_S = 30.0
_MOST_UNDER_WAY = 100  # rumqttd lets about so many be, whatever it is asked for
_TAKEN = (
    mqtt5.ConnAckReasonCode.SUCCESS,
    mqtt5.PubAckReasonCode.SUCCESS,
    mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS,
)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


class Line(asyncio.Protocol):
    """Made by ``open_line``. A cut is final: whoever wants to go on opens another one.

    ``resumed``: the broker had kept the session of the connection before.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.resumed = False
        self._rest = b""
        self._window = _MOST_UNDER_WAY
        self._awaited = self._refused = 0
        self._settled: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._ping = self._loop.call_later(_KEEP_ALIVE_S / 2, self._keep_alive)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._socket = transport.get_extra_info("socket")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(None)
        self._ping.cancel()

    def data_received(self, data: bytes) -> None:
        if _QUICKACK is not None:  # else the kernel has a broker that gathers packets wait 40 ms for its next one
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        packets, self._rest = whole_packets(self._rest + data)
        for packet in packets:
            if isinstance(packet, mqtt5.PubAckPacket | mqtt5.ConnAckPacket):
                self._take(packet)

    def _take(self, answer: mqtt5.PubAckPacket | mqtt5.ConnAckPacket) -> None:
        self._awaited -= 1
        self._refused += answer.reason_code not in _TAKEN
        if isinstance(answer, mqtt5.ConnAckPacket):
            self._window = min(self._window, answer.receive_max)
            self.resumed = answer.session_present
        if self._awaited == 0 and not self._settled.done():
            self._settled.set_result(None)

    def _keep_alive(self) -> None:
        self._transport.write(mqtt5.PingReqPacket().write())
        self._ping = self._loop.call_later(_KEEP_ALIVE_S / 2, self._keep_alive)

    # What devices do with it

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish each (topic, payload) in order; SimulatorError when the broker doesn't take all of them."""
        for begin in range(0, len(messages), self._window):
            chunk = messages[begin : begin + self._window]
            await self._ask(
                [
                    mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()
                    for number, (topic, payload) in enumerate(chunk, 1)  # of those before, none is under way any more
                ]
            )

    async def _ask(self, packets: Sequence[bytes]) -> None:
        self._awaited, self._refused, self._settled = len(packets), 0, self._loop.create_future()
        self._transport.write(b"".join(packets))
        either: set[asyncio.Future[Any]] = {self._settled, self._lost}
        await asyncio.wait(either, timeout=_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if self._awaited or self._refused:
            raise SimulatorError(f"the broker did not take {self._awaited + self._refused} of {len(packets)} packets")

    def cut(self) -> None:
        """Drop the connection without a word, as a device does that loses its network or power."""
        self._transport.abort()

    async def close(self) -> None:
        """Say good-bye and close."""
        if not self._transport.is_closing():
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._transport.close()
        await self._lost


async def open_line(broker: BrokerAddress, client_id: str, *, session_s: int = 0) -> Line:
    """Connect; the broker keeps the session for ``session_s`` after a cut. SimulatorError when it lets nobody in."""
    loop = asyncio.get_running_loop()
    try:
        _, line = await loop.create_connection(Line, broker.host, broker.port, ssl=broker.ssl_context())
    except OSError as error:
        raise SimulatorError(f"can't reach the broker: {error}") from error
    connect = mqtt5.ConnectPacket(
        client_id=client_id,
        username=broker.username,
        password=broker.password.encode() if broker.password is not None else None,
        clean_start=session_s == 0,
        keep_alive=_KEEP_ALIVE_S,
        session_expiry_interval=session_s,
    )
    try:
        await line._ask([connect.write()])
    except BaseException:
        line.cut()
        raise
    return line


class Devices:
    """The connections of a fleet: one that most share, and one for each device that really drops and comes back.

    ``resumed`` counts the connections whose sessions the broker had kept.
    """

    def __init__(self, broker: BrokerAddress, client_id: str, shared: Line) -> None:
        self.resumed = 0
        self._broker = broker
        self._client_id = client_id
        self._shared = shared
        self._own: dict[str, Line] = {}

    async def connect(self, sessions_s: Mapping[str, int]) -> None:
        """Give each device (code, seconds that its session is kept) its own connection anew, all of them at once."""
        self.drop(list(sessions_s))
        try:
            async with asyncio.TaskGroup() as group:
                for code, session_s in sessions_s.items():
                    group.create_task(self._open(code, session_s), name=f"{self._client_id}-{code}")
        except ExceptionGroup as errors:
            raise SimulatorError(f"devices did not come back: {errors.exceptions[0]}") from errors
        self.resumed += sum(self._own[code].resumed for code in sessions_s)

    async def _open(self, code: str, session_s: int) -> None:
        self._own[code] = await open_line(self._broker, f"{self._client_id}-{code}", session_s=session_s)

    def drop(self, codes: Sequence[str]) -> None:
        """Cut the own connections of those devices that have one."""
        for code in codes:
            if (line := self._own.pop(code, None)) is not None:
                line.cut()

    async def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        """Publish each (device, topic, payload), one line after the other, so that they arrive in this order."""
        for line, part in groupby(messages, lambda message: self._own.get(message[0], self._shared)):
            await line.publish([(topic, payload) for _, topic, payload in part])

    async def close(self) -> None:
        """Say good-bye on all connections."""
        for line in (self._shared, *self._own.values()):
            await line.close()
