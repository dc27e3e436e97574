"""Publishing a fleet's readings, and counting what the broker took."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.broker_client import BrokerAddress, make_client, start, stop
from simulators.errors import SimulatorError
from simulators.fleet import SensorReading

_HELD_PER_CONNECTION = 2000
# The client can't follow a broker's Receive Maximum; no broker in use grants less than this, Mosquitto's default.
_IN_FLIGHT = 20


@dataclass(frozen=True, slots=True)
class Published:
    """Messages handed over, acknowledged by the broker, and refused by it with a reason code of 0x80 or more."""

    sent: int
    acknowledged: int
    refused: int

    @property
    def outstanding(self) -> int:
        """Messages whose fate is not known yet."""
        return self.sent - self.acknowledged - self.refused


class _Line:
    """One connection; ``changed`` guards the counts of all lines of a publisher."""

    def __init__(self, client: paho.Client, changed: threading.Condition) -> None:
        self.client = client
        self.sent = self.acknowledged = self.refused = 0
        self._changed = changed
        self._open = self._ended = False
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.max_queued_messages_set(0)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish

    @property
    def held(self) -> int:
        return self.sent - self.acknowledged - self.refused

    def publish(self, topic: str, payload: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or (self._open and self.held < _HELD_PER_CONNECTION))
            if self._ended:
                raise SimulatorError("the publisher is closed")
            self.sent += 1
        # No lock is held here: the client takes its own first when it calls back.
        info = self.client.publish(topic, payload, qos=1)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN):
            # Without a connection the client keeps the message for the next one; anything else is a lost message.
            raise SimulatorError(f"the client took no message for {topic}: {paho.error_string(info.rc)}")

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        stop(self.client)

    def _on_connect(
        self,
        client: paho.Client,
        userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        # Messages of the connection before are sent again after this call. Newer ones would overtake them, so the
        # line opens with the first answer to one of those.
        with self._changed:
            self._open = not reason.is_failure and self.held == 0
            self._changed.notify_all()

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        with self._changed:
            self._open = False

    def _on_publish(
        self, client: paho.Client, userdata: object, mid: int, reason: ReasonCode, properties: Properties
    ) -> None:
        with self._changed:
            self._open = True
            if reason.is_failure:
                self.refused += 1
            else:
                self.acknowledged += 1
            self._changed.notify_all()


class Publisher:
    """A few MQTT 5 connections that many virtual devices share, QoS 1.

    One device always uses the same connection, and one thread publishes, so a device's readings keep their order. A
    message stays with its connection until the broker has answered it: after a cut it is sent again, with what was
    under way first, and counted once. Used as a context manager; leaving it does not wait for answers, ``settle``
    does.
    """

    def __init__(self, broker: BrokerAddress, *, client_id: str, prefix: str = "sensors", connections: int = 2) -> None:
        self._broker = broker
        self._prefix = prefix
        self._changed = threading.Condition()
        self._lines = [
            _Line(make_client(broker, f"{client_id}-{number}"), self._changed) for number in range(connections)
        ]

    def __enter__(self) -> "Publisher":
        for line in self._lines:
            start(line.client, self._broker, clean=True)
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._lines:
            line.end()

    def publish(self, reading: SensorReading) -> None:
        """Hand one reading over; waits for the connection, and while too many messages are not acknowledged.

        Raises SimulatorError when the publisher is closed meanwhile, or the client can't take the message.
        """
        self.publish_bytes(reading.code, reading.topic(self._prefix), reading.payload())

    def publish_all(self, readings: Sequence[SensorReading]) -> None:
        """Hand readings over in order; as ``publish``."""
        for reading in readings:
            self.publish(reading)

    def publish_bytes(self, device: str, topic: str, payload: bytes) -> None:
        """Hand over a message as it stands, on the connection of ``device``; for prepared or broken payloads."""
        self._lines[crc32(device.encode()) % len(self._lines)].publish(topic, payload)

    def settle(self, timeout_s: float) -> Published:
        """Wait until every message is answered, or ``timeout_s`` is over; the counts then."""
        with self._changed:
            self._changed.wait_for(lambda: not any(line.held for line in self._lines), timeout_s)
        return self.counts()

    def counts(self) -> Published:
        """What happened so far."""
        with self._changed:
            return Published(
                sent=sum(line.sent for line in self._lines),
                acknowledged=sum(line.acknowledged for line in self._lines),
                refused=sum(line.refused for line in self._lines),
            )
