"""A persistent MQTT 5 session that acknowledges only when told.

The broker keeps what is not acknowledged, so its session is the write-ahead log of the hub. Receive Maximum bounds
what is in flight at QoS 1; reading from the socket stops while the inbox is full, which bounds QoS 0 as well.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import mqtt5
import structlog

from ingest.broker import Broker
from ingest.link import KEEP_ALIVE_S, Inbox, Link, SessionError, SessionStats, open_link
from ingest.source import Batch

SESSION_EXPIRY_S = 7 * 24 * 3600
MAX_PACKET_BYTES = 1 << 20  # larger ones are dropped by the broker, as MQTT 5 says
_BACKOFF_S = (0.1, 10.0)


class Session:
    """One client of the broker: ``run`` keeps it connected, ``batches`` and ``ack`` are the source's two verbs.

    ``receive_max`` is the largest number of unacknowledged messages (1 to 65,535), ``max_batch`` the largest batch.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        client_id: str,
        topic_filters: Sequence[str],
        receive_max: int = 1000,
        max_batch: int = 4096,
    ) -> None:
        self.broker = broker
        self.stats = SessionStats()
        self._client_id = client_id
        self._topic_filters = tuple(topic_filters)
        self._receive_max = receive_max
        self._max_batch = max_batch
        self._inbox = Inbox()
        self._link: Link | None = None
        self._log = structlog.get_logger().bind(client_id=client_id, broker=f"{broker.host}:{broker.port}")

    async def run(self) -> None:
        """Stay connected until cancelled: reconnect with jittered back-off, subscribe anew each time."""
        delay = _BACKOFF_S[0]
        while True:
            connects = self.stats.connects
            try:
                await self._connected_once()
            except SessionError as error:
                if self.stats.connects > connects:
                    delay = _BACKOFF_S[0]
                self._log.warning("broker_lost", error=str(error), retry_s=round(delay, 1))
            # Full jitter: many clients must not come back to a restarted broker in step.
            await asyncio.sleep(random.uniform(delay / 2, delay))
            delay = min(delay * 2, _BACKOFF_S[1])

    async def _connected_once(self) -> None:
        self._forget_undelivered()
        link = await open_link(self.broker, self._inbox, self.stats, self._receive_max)
        self._link = link  # what comes again before the handshake is over can be acknowledged at once
        try:
            await link.handshake(self._connect_packet(), self._topic_filters)
            self.stats.connects += 1
            self.stats.connected = True
            self._log.info("broker_connected")
            await link.keep_alive()
        except TimeoutError as error:
            raise SessionError("the broker does not answer") from error
        finally:
            self.stats.connected = False
            self._link = None
            link.close()

    def _connect_packet(self) -> mqtt5.ConnectPacket:
        password = self.broker.password
        return mqtt5.ConnectPacket(
            client_id=self._client_id,
            username=self.broker.username,
            password=password.encode() if password is not None else None,
            clean_start=False,
            keep_alive=KEEP_ALIVE_S,
            session_expiry_interval=SESSION_EXPIRY_S,
            receive_max=self._receive_max,
            max_packet_size=MAX_PACKET_BYTES,
        )

    def _forget_undelivered(self) -> None:
        # The broker sends unacknowledged QoS 1 messages again on a new connection; QoS 0 comes once only.
        kept = [message for message in self._inbox.messages if message.packet_id is None]
        self._inbox.messages = kept
        self._inbox.size_bytes = sum(len(message.payload) for message in kept)

    @property
    def waiting(self) -> int:
        """Messages that have arrived and that nobody has taken yet."""
        return len(self._inbox.messages)

    async def batches(self) -> AsyncIterator[Batch]:
        """All that has arrived since the batch before, at most ``max_batch`` messages, as soon as there is one."""
        inbox = self._inbox
        while True:
            await inbox.filled.wait()
            messages = inbox.take(self._max_batch)
            link = self._link
            if link is not None:
                link.resume_if_paused()
            if messages:
                yield Batch(messages, link)

    def ack(self, batch: Batch) -> None:
        """Acknowledge the QoS 1 messages of ``batch``.

        After a reconnect this does nothing for a batch of the old connection: the broker has sent or will send those
        messages again, and their readings are then dropped as duplicates.
        """
        link = batch.origin
        if isinstance(link, Link) and link is self._link:
            self.stats.acknowledged += link.acknowledge(batch)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0 if connected: for answers that are asked for again when they are lost."""
        if self._link is not None:
            self._link.publish(topic, payload)

    async def close(self) -> None:
        """Say good-bye but keep the session, so that the broker goes on queueing."""
        if self._link is not None:
            self._link.say_goodbye()
