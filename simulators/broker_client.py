"""How simulated devices and squads reach the broker."""

import ssl
from typing import Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_KEEP_ALIVE_S = 30
_SESSION_EXPIRY_S = 24 * 3600


class BrokerAddress(Protocol):
    """An MQTT 5 broker; ``ssl_context()`` gives None for plain TCP."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    def ssl_context(self) -> ssl.SSLContext | None: ...


def make_client(broker: BrokerAddress, client_id: str) -> paho.Client:
    """An MQTT 5 client that is not connected yet and comes back by itself after a cut."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    context = broker.ssl_context()
    if context is not None:
        client.tls_set_context(context)
    client.reconnect_delay_set(1, 8)
    return client


def start(client: paho.Client, broker: BrokerAddress, *, clean: bool) -> None:
    """Connect in the client's own thread, with a session that outlives a cut; ``clean`` forgets an older one."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _SESSION_EXPIRY_S
    client.connect_async(
        broker.host,
        broker.port,
        _KEEP_ALIVE_S,
        clean_start=paho.MQTT_CLEAN_START_FIRST_ONLY if clean else False,
        properties=properties,
    )
    client.loop_start()


def stop(client: paho.Client) -> None:
    """Disconnect and end the client's thread."""
    client.disconnect()
    client.loop_stop()
