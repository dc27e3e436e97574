"""Messages out over MQTT: one connection that comes back by itself."""

import asyncio
import random
import socket
from contextlib import suppress
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import structlog
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dispatch.notify import PublishError
from ingest.broker import Broker

_ANSWER_WITHIN_S = 4.0  # less than a run of the outbox waits
_KEEP_ALIVE_S = 20
_BACKOFF_S = (0.1, 10.0)
_NOBODY_SUBSCRIBED = 0x10  # MQTT 5, section 3.4.2.1
# Orders are small: waiting to fill a packet would cost 40 ms against a broker that delays its acknowledgement.
_SOCKET = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


class _Client(aiomqtt.Client):
    """Registers its socket for writing only while it is open, and tells what the broker answered to a message.

    aiomqtt 2.5 leaves the first to the loop's next turn without another look; when the broker hangs up in between, it
    registers a closed file, or another connection's file that got the same number. The second it passes over: to it, a
    refusal is an acknowledgement like any other.
    """

    def __init__(self, host: str, port: int, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._answers: dict[int, asyncio.Future[ReasonCode]] = {}

    async def hand_over(self, topic: str, payload: bytes) -> ReasonCode:
        """Publish at QoS 1; the broker's answer, which may be a refusal."""
        answer: asyncio.Future[ReasonCode] = asyncio.get_running_loop().create_future()
        given = self._client.publish(topic, payload, 1)
        if given.rc != paho.MQTT_ERR_SUCCESS:
            raise aiomqtt.MqttCodeError(given.rc, "could not publish message")
        self._answers[given.mid] = answer
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await answer
        except TimeoutError as error:
            raise aiomqtt.MqttError("no answer in time") from error
        finally:
            self._answers.pop(given.mid, None)

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        answer = self._answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(reason_code)

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        def write() -> None:
            try:
                client.loop_write()
            except OSError as error:
                if not self._disconnected.done():
                    self._disconnected.set_exception(error)

        def register() -> None:
            if sock.fileno() >= 0:
                self._loop.add_writer(sock.fileno(), write)

        self._loop.call_soon_threadsafe(register)


class Publisher:
    """``run`` keeps it connected, ``publish`` hands over at QoS 1; ``connected`` is set meanwhile.

    Every connection has a new client, so a message that was given up with the old one isn't sent behind our back: the
    outbox alone decides what is sent again.
    """

    def __init__(self, broker: Broker, *, client_id: str) -> None:
        self.connected = asyncio.Event()
        self._broker = broker
        self._client_id = client_id
        self._client: _Client | None = None
        self._lost: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Stay connected until cancelled: reconnect with jittered back-off."""
        log = structlog.get_logger().bind(client_id=self._client_id)
        delay = _BACKOFF_S[0]
        while True:
            try:
                await self._connected_once()
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("broker_lost", error=str(error) or type(error).__name__, retry_s=round(delay, 1))
            if self._lost is not None:  # it had been connected
                self._lost, delay = None, _BACKOFF_S[0]
            await asyncio.sleep(random.uniform(delay / 2, delay))
            delay = min(delay * 2, _BACKOFF_S[1])

    async def _connected_once(self) -> None:
        client = self._new_client()
        await _enter(client)
        lost = self._lost = asyncio.get_running_loop().create_future()
        try:
            self._client = client
            self.connected.set()
            async for _ in client.messages:  # none are subscribed to: this waits for the end of the connection
                pass
        finally:
            self.connected.clear()
            self._client = None
            lost.set_result(None)
            await client.__aexit__(None, None, None)

    def _new_client(self) -> _Client:
        broker = self._broker
        return _Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=_KEEP_ALIVE_S,
            timeout=_ANSWER_WITHIN_S,
            tls_context=broker.ssl_context(),
            socket_options=_SOCKET,
        )

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand a message to the broker; returns once it is acknowledged.

        Raises PublishError when there is no connection, it ends meanwhile, or the broker refuses or doesn't answer in
        time.
        """
        await self._acknowledged(topic, payload)

    async def deliver(self, topic: str, payload: bytes) -> None:
        """As ``publish``, and PublishError when the broker says that it keeps the message for nobody."""
        if (await self._acknowledged(topic, payload)).value == _NOBODY_SUBSCRIBED:
            raise PublishError(
                zh=f"没有人订阅 {topic}，消息会被丢弃", en=f"nobody subscribes to {topic}, so the broker drops it"
            )

    async def _acknowledged(self, topic: str, payload: bytes) -> ReasonCode:
        client, lost = self._client, self._lost
        if client is None or lost is None:
            raise PublishError(zh="没有连接到消息代理", en="not connected to the broker")
        sending = asyncio.create_task(client.hand_over(topic, payload), name=f"publish {topic}")
        try:
            either: set[asyncio.Future[Any]] = {sending, lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not sending.done():
                sending.cancel()
        if not sending.done():
            with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await sending
            raise PublishError(zh="与消息代理的连接已中断", en="the connection to the broker was lost")
        try:
            answer = sending.result()
        except (aiomqtt.MqttError, ValueError) as error:
            raise PublishError(zh="消息代理没有收下", en=f"the broker didn't take it: {error}") from error
        if answer.is_failure:
            raise PublishError(zh="消息代理没有收下", en=f"the broker didn't take it: {answer}")
        return answer


async def _enter(client: aiomqtt.Client) -> None:
    """Connect; when cancelled meanwhile, see it through and hang up, since half a connection can't be closed."""
    connecting = asyncio.create_task(client.__aenter__(), name="connect to the broker")
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        with suppress(aiomqtt.MqttError):
            await connecting
            await client.__aexit__(None, None, None)
        raise
