"""A real Mosquitto as docker-compose.yml configures it, accounts from the registers, real clients over TLS.

Only paths and the port are other than in the container.
"""

import asyncio
import csv
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from typer.testing import CliRunner

from lifeline.commands.broker import app

DEPLOY = Path(__file__).parents[3] / "deploy"
HUB, HUB_PASSWORD = "hub", "the hub's own"
WITHIN_S = 5


@dataclass(frozen=True)
class Guarded:
    """A broker that asks for passwords, and those that were issued."""

    port: int
    pid: int
    folder: Path
    passwords: dict[str, str]


class Client:
    """A connected client; what it does ends with the broker's answer."""

    def __init__(self, broker: Guarded, name: str, password: str) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.came = threading.Event()
        self._answered = threading.Event()
        self._reasons: list[ReasonCode] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{name}", protocol=paho.MQTTv5)
        self._client.username_pw_set(name, password)
        self._client.tls_set(str(broker.folder / "certificates" / "ca.crt"))
        self._client.on_connect = lambda *given: self._answer([given[3]])
        self._client.on_publish = lambda *given: self._answer([given[3]])
        self._client.on_subscribe = lambda *given: self._answer(given[3])
        self._client.on_message = self._receive
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        self.connected = self._reason()

    def _answer(self, reasons: list[ReasonCode]) -> None:
        self._reasons = reasons
        self._answered.set()

    def _receive(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload))
        self.came.set()

    def _reason(self) -> ReasonCode:
        assert self._answered.wait(WITHIN_S), "the broker did not answer"
        self._answered.clear()
        return self._reasons[0]

    def publish(self, topic: str) -> ReasonCode:
        self._client.publish(topic, b"x", qos=1)
        return self._reason()

    def subscribe(self, topic: str) -> ReasonCode:
        self._client.subscribe(topic, qos=1)
        return self._reason()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
async def broker(
    pool: asyncpg.Pool,
    database_url: str,
    mosquitto: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Guarded:
    """Two gas sensors and two squads with accounts, on the broker of the compose file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: apt-get install openssl")
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('gas-0001', 'gas'), ('gas-0002', 'gas')")
    await pool.execute(
        "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
        " SELECT name, name, name, '{gas}', 112, 23, '0:00', '0:00', '-'"
        " FROM unnest(ARRAY['squad-1', 'squad-2']) AS name"
    )
    monkeypatch.setenv("LIFELINE_DATABASE_URL", database_url)
    monkeypatch.setenv("LIFELINE_BROKER_URL", f"mqtts://{HUB}:{quote(HUB_PASSWORD)}@127.0.0.1:1")
    for part in ("certificates", "credentials", "common"):
        (tmp_path / part).mkdir()
    make = [DEPLOY / "make-certificates", tmp_path / "certificates", "localhost", "127.0.0.1"]
    await asyncio.to_thread(subprocess.run, make, check=True)
    shutil.copy(DEPLOY / "mosquitto.conf", tmp_path / "common" / "mosquitto.conf")
    await asyncio.to_thread(issue, tmp_path)
    config = (DEPLOY / "broker" / "mosquitto.conf").read_text().replace("/mosquitto/", f"{tmp_path}/")
    # Port and place of the saved state are given by the fixture.
    config = re.sub(r"^(listener|persistence_location) .*$", "", config, flags=re.MULTILINE)
    server = mosquitto(config)
    with (tmp_path / "credentials" / "new.csv").open(newline="") as file:
        passwords = dict(csv.reader(file)) | {HUB: HUB_PASSWORD}
    return Guarded(server.port, server.pid, tmp_path, passwords)


def issue(folder: Path) -> None:
    """Run the command as an administrator does."""
    result = CliRunner().invoke(app, ["credentials", str(folder / "credentials")])
    assert result.exit_code == 0, result.output


@pytest.fixture
def connect(broker: Guarded) -> Iterator[Callable[..., Client]]:
    """Connects with an account's own password, or another."""
    clients = []

    def connect(name: str, password: str | None = None) -> Client:
        client = Client(broker, name, broker.passwords[name] if password is None else password)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


Connect = Callable[..., Client]


def test_nobody_comes_in_without_the_right_password(connect: Connect) -> None:
    assert connect("gas-0001").connected == "Success"
    assert connect("gas-0002", "guessed").connected == "Not authorized"
    assert connect("stranger", "guessed").connected == "Not authorized"


def test_a_device_publishes_as_itself_and_as_nobody_else(connect: Connect) -> None:
    device, hub = connect("gas-0001"), connect(HUB)
    hub.subscribe("#")
    assert device.publish("sensors/gas/gas-0002/reading") == "Not authorized"
    assert device.publish("squads/squad-1/orders") == "Not authorized"
    assert device.publish("squads/squad-1/receipts") == "Not authorized"
    assert device.publish("sensors/gas/gas-0001/reading") == "Success"
    assert hub.came.wait(WITHIN_S)
    assert [topic for topic, _ in hub.messages] == ["sensors/gas/gas-0001/reading"]


def test_a_device_hears_neither_orders_nor_other_devices(connect: Connect) -> None:
    device, other, hub = connect("gas-0001"), connect("gas-0002"), connect(HUB)
    for topic in ("squads/squad-1/orders", "squads/#", "sensors/gas/gas-0002/reading", "#", "$SYS/#"):
        device.subscribe(topic)  # Mosquitto may take it and pass nothing on: what counts is what arrives
    hub.subscribe("#")
    assert other.publish("sensors/gas/gas-0002/reading") == "Success"
    assert hub.publish("squads/squad-1/orders") == "Success"
    hub.subscribe("sensors/end")
    device.subscribe("sensors/end")  # answered after all that was on its way to this client
    assert {topic for topic, _ in hub.messages} == {"sensors/gas/gas-0002/reading", "squads/squad-1/orders"}
    assert device.messages == []


def test_a_squad_reads_its_own_orders_and_answers_for_itself(connect: Connect) -> None:
    squad, hub = connect("squad-1"), connect(HUB)
    hub.subscribe("#")
    squad.subscribe("squads/+/orders")
    assert squad.subscribe("squads/squad-1/orders") == "Granted QoS 1"
    assert squad.subscribe("squads/squad-1/notices") == "Granted QoS 1"
    assert hub.publish("squads/squad-2/orders") == "Success"
    assert hub.publish("squads/squad-1/notices") == "Success"
    assert hub.publish("squads/squad-1/orders") == "Success"
    squad.subscribe("squads/end")  # answered after all that was on its way to this client
    assert {topic for topic, _ in squad.messages} == {"squads/squad-1/notices", "squads/squad-1/orders"}
    assert squad.publish("squads/squad-2/receipts") == "Not authorized"
    assert squad.publish("sensors/gas/gas-0001/reading") == "Not authorized"
    assert squad.publish("squads/squad-1/receipts") == "Success"


async def test_a_new_sensor_comes_in_after_the_files_are_read_again(
    broker: Guarded, connect: Connect, pool: asyncpg.Pool
) -> None:
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('gas-0003', 'gas')")
    await asyncio.to_thread(issue, broker.folder)
    os.kill(broker.pid, signal.SIGHUP)
    with (broker.folder / "credentials" / "new.csv").open(newline="") as file:
        issued = dict(csv.reader(file))
    assert issued.keys() == {"gas-0001", "gas-0002", "gas-0003", "squad-1", "squad-2"}
    assert issued["gas-0001"] == broker.passwords["gas-0001"]
    for _ in range(100):  # the signal is taken at the broker's own time
        client = await asyncio.to_thread(connect, "gas-0003", issued["gas-0003"])
        if client.connected == "Success":
            break
    assert await asyncio.to_thread(client.publish, "sensors/gas/gas-0003/reading") != "Not authorized"
    assert (await asyncio.to_thread(connect, "gas-0001")).connected == "Success"


def test_the_files_are_for_their_owner_alone(broker: Guarded) -> None:
    for name in ("passwords", "acl", "new.csv"):
        assert (broker.folder / "credentials" / name).stat().st_mode & 0o077 == 0
