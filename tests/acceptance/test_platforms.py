"""From each platform's message, over a real broker or HTTP, to the hazard and the squad's order."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import asyncpg
import cbor2
import httpx
import pysparkplug
import pytest
from hub_support import end_session
from pydantic import SecretStr

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from api.access.keys import add_key
from database.listen import Listener
from lifeline.commands import api, dispatch, ingest
from lifeline.embedded import free_port
from lifeline.settings import Settings
from lifeline.supervisor import embedded_servers

WITHIN_S = 20
BUILDS = {"ingest": ingest.build, "dispatch": dispatch.build, "api": api.build}


@dataclass(slots=True)
class PlatformHub:
    """A running hub, a client of its broker that hears orders and rebirth requests, and a pushing platform."""

    pool: asyncpg.Pool
    root: str
    mqtt: aiomqtt.Client
    http: httpx.AsyncClient
    key: str

    async def publish(self, topic: str, payload: bytes) -> None:
        await self.mqtt.publish(topic, payload, qos=1)

    async def push(self, format_name: str, body: bytes) -> None:
        answer = await self.http.post(f"/ingress/{format_name}?token={self.key}", content=body)
        assert answer.status_code == 200, answer.text

    async def hear(self, topic: str) -> bytes:
        """The next message on ``topic``."""
        async with asyncio.timeout(WITHIN_S):
            async for message in self.mqtt.messages:
                if message.topic.value == topic:
                    assert isinstance(message.payload, bytes)
                    return message.payload
        raise AssertionError("the connection ended")

    async def held(self) -> list[str]:
        """Why messages of this test are in quarantine; other tests on the broker use the same platforms' topics."""
        rows = await self.pool.fetch(
            "SELECT reason FROM quarantine WHERE position($1 IN topic) > 0 OR position($2 IN payload) > 0"
            " ORDER BY quarantine_id",
            self.root,
            self.root.encode(),
        )
        return [row["reason"] for row in rows]

    async def expect_order(self, code: str, hazard_type: str, grade: int, reading: Mapping[str, Any]) -> None:
        """Wait for the squad's order; the reading and the hazard behind it are those expected, and nothing else."""
        order = json.loads(await self.hear(f"{self.root}/squads/all-1/orders"))
        assert (order["hazard_type"], order["grade"]) == (hazard_type, grade)
        hazard = await self.pool.fetchrow(
            "SELECT code, kind, hazard_type, grade, incident_id FROM hazard JOIN sensor USING (sensor_id)"
        )
        assert hazard is not None
        assert (hazard["code"], hazard["hazard_type"], hazard["grade"]) == (code, hazard_type, grade)
        assert hazard["incident_id"] == order["incident_id"]
        stored = await self.pool.fetchrow(f"SELECT * FROM reading_{hazard['kind']} ORDER BY time DESC LIMIT 1")
        assert stored is not None
        values = {name: value for name, value in stored.items() if value is not None}
        assert {name: values[name] for name in values if name not in ("sensor_id", "time")} == pytest.approx(reading)


Start = Callable[..., Any]


@pytest.fixture
async def start(
    pool: asyncpg.Pool, database_url: str, broker_url: str, topic_root: str, tmp_path: Path
) -> AsyncIterator[Start]:
    """Starts a hub that reads native and one more format and knows one sensor, with profiles from the test's folder."""
    settings = Settings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr(broker_url),
        data_dir=tmp_path,
        client_id=topic_root,
        topic_prefix=f"{topic_root}/sensors",
        squads_prefix=f"{topic_root}/squads",
        ingress_prefix=f"{topic_root}/ingress",
        broker_dollar_topics=False,  # the session's broker may be the embedded one
        api_port=free_port(),
    )

    @asynccontextmanager
    async def start(
        format_name: str, kind: str, attributes: Mapping[str, Any], **others: object
    ) -> AsyncIterator[PlatformHub]:
        chosen = settings.model_copy(update={"formats": format_name, "profiles_dir": tmp_path, **others})
        key = await _register(pool, kind, attributes)
        broker = chosen.broker
        async with AsyncExitStack() as opened:
            mqtt = await opened.enter_async_context(
                aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5)
            )
            await mqtt.subscribe(f"{topic_root}/squads/+/orders", qos=1)
            await mqtt.subscribe(f"spBv1.0/{topic_root}/NCMD/+", qos=1)
            await opened.enter_async_context(_running(chosen, pool, database_url))
            http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{chosen.api_port}", trust_env=False)
            await opened.enter_async_context(http)
            yield PlatformHub(pool, topic_root, mqtt, http, key)

    yield start
    for role in ("ingest", "dispatch"):
        await end_session(broker_url, f"{topic_root}-{role}")


async def _register(pool: asyncpg.Pool, kind: str, attributes: Mapping[str, Any]) -> str:
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), datetime.now(UTC))
        await connection.execute(
            "INSERT INTO sensor (code, kind, longitude, latitude, attributes) VALUES ('S-1', $1, 112.44, 23.64, $2)",
            kind,
            attributes,
        )
        await connection.execute(
            "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
            " VALUES ('all-1', '队', 'squad', '{gas,cover,drainage,noise}', 112.44, 23.64, '00:00', '00:00', '1')"
        )
    return await add_key(pool, "platform", "device", datetime.now(UTC))


@asynccontextmanager
async def _running(settings: Settings, pool: asyncpg.Pool, database_url: str) -> AsyncIterator[None]:
    """The hub's three processes as tasks of this one."""
    works = [await build(settings, pool) for build in BUILDS.values()]
    async with asyncio.TaskGroup() as group:
        tasks = []
        for role, work in zip(BUILDS, works, strict=True):
            listener = Listener(database_url, application=role)
            tasks.append(group.create_task(listener.run(), name=f"{role} listener"))
            tasks.append(group.create_task(work.run(listener), name=role))
        try:
            async with asyncio.timeout(WITHIN_S):
                while not all(work.ready() for work in works):
                    await asyncio.sleep(0.01)
            yield
        finally:
            for work in works:
                await work.close()
            for task in tasks:
                task.cancel()


def _base64(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


@dataclass(frozen=True)
class Platform:
    """One message of a platform: ``topic`` is '' for HTTP, ``{device}`` in it is the device's name."""

    name: str
    format_name: str
    topic: str
    message: Callable[[str, datetime], Any]
    kind: str
    hazard_type: str
    reading: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    grade: int = 1


def _chirpstack(device: str, now: datetime, frame: bytes = bytes.fromhex("01755c03d400000000b0b9")) -> Any:
    return {
        "time": now.isoformat(),
        "deviceInfo": {"devEui": device, "deviceName": "lid"},
        "fPort": 85,
        "data": _base64(frame),
        "rxInfo": [{"rssi": -97}, {"rssi": -91}],
    }


def _ttn(device: str, now: datetime) -> Any:
    uplink = {"f_port": 85, "frm_payload": _base64(bytes.fromhex("017564057da00f")), "received_at": now.isoformat()}
    return {"end_device_ids": {"device_id": device}, "uplink_message": uplink}


def _ctwing(device: str, now: datetime) -> Any:
    payload = {"gas_value": 90, "medium": 0, "temperature": 21, "battery_value": 100, "gas_sensor_state": 2}
    about = {"messageType": "dataReport", "protocol": "LWM2M", "productId": "15017088", "tenantId": "1"}
    return {**about, "deviceId": device, "timestamp": int(now.timestamp() * 1000), "payload": payload}


def _onenet(device: str, now: datetime) -> Any:
    at = int(now.timestamp() * 1000)
    point = {"at": at, "imei": device, "type": 1, "ds_id": "3300_0_5700", "value": 650, "dev_id": 523444202}
    return {"msg": point, "msg_signature": "9XFwVl4VRJ2Lub2ryUJK8g==", "nonce": "C1z3?giR"}


def _iotda_push(device: str, now: datetime) -> Any:
    services = [{"service_id": "Lid", "properties": {"cover_state": "missing"}, "event_time": f"{now:%Y%m%dT%H%M%SZ}"}]
    header = {"app_id": "a", "device_id": device, "node_id": "n", "product_id": "p", "gateway_id": device}
    return {
        "resource": "device.property",
        "event": "report",
        "event_time": f"{now:%Y%m%dT%H%M%SZ}",
        "notify_data": {"header": header, "body": {"services": services}},
    }


PLATFORMS = [
    Platform(
        "native",
        "native",
        "{root}/sensors/gas/S-1/reading",
        lambda device, now: {"time": now.isoformat(), "ch4_lel_pct": 90},
        "gas",
        "gas_combustible",
        {"ch4_lel_pct": 90},
    ),
    Platform(
        "native over HTTP",
        "native",
        "",
        lambda device, now: {"sensor": "S-1", "time": now.timestamp(), "ch4_lel_pct": 60},
        "gas",
        "gas_combustible",
        {"ch4_lel_pct": 60},
        grade=2,
    ),
    Platform(
        "SenML JSON",
        "senml",
        "senml/county",
        lambda device, now: [{"bn": f"{device}:", "bt": now.timestamp(), "n": "co_mg_m3", "u": "mg/m3", "v": 200}],
        "gas",
        "gas_co",
        {"co_mg_m3": 200},
    ),
    Platform(
        "SenML CBOR",
        "senml",
        "senml/county",
        lambda device, now: cbor2.dumps([{-2: f"{device}:", -3: now.timestamp(), 0: "o2_pct_vol", 2: 15.5}]),
        "gas",
        "oxygen",
        {"o2_pct_vol": 15.5},
    ),
    Platform(
        "ChirpStack",
        "chirpstack",
        "application/1/device/{device}/event/up",
        _chirpstack,
        "manhole",
        "cover_tilt",
        {"tilt_deg": 180, "battery_pct": 92, "rssi_dbm": -91},
        {"profile": "milesight-em320-tilt"},
    ),
    Platform(
        "The Things Stack",
        "ttn",
        "v3/county@tenant/devices/{device}/up",
        _ttn,
        "gas",
        "gas_h2s",
        {"h2s_mg_m3": 56.669654, "battery_pct": 100},
        {"profile": "milesight-gs301"},
    ),
    Platform(
        "CTWing",
        "ctwing",
        "",
        _ctwing,
        "gas",
        "gas_combustible",
        {"ch4_lel_pct": 90, "temperature_c": 21, "battery_pct": 100},
        {"profile": "ctwing-gas-detector"},
    ),
    Platform(
        "OneNET", "onenet", "", _onenet, "waterlogging", "ponding", {"depth_m": 0.65}, {"profile": "cm-ipso"}
    ),
    Platform(
        "IoTDA push", "iotda", "", _iotda_push, "manhole", "cover_missing", {"cover_state": "missing"}
    ),
]  # fmt: skip

ONENET_PROFILE = """maker: CM
model: IPSO
kind: waterlogging
quantities:
  depth_m: {field: "3300_0_5700", unit: mm}
"""


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
async def test_a_message_becomes_an_order(platform: Platform, start: Start, topic_root: str, tmp_path: Path) -> None:
    (tmp_path / "cm-ipso.yaml").write_text(ONENET_PROFILE)
    device = f"Dev-{topic_root}"  # the register has it in another case
    attributes = {"device": device.lower(), **platform.attributes}
    async with start(platform.format_name, platform.kind, attributes) as hub:
        topic = platform.topic.format(device=device, root=topic_root)
        for delay_s in (2, 1):  # ponding is believed from the second sample on
            message = platform.message(device, _ago(delay_s))
            payload = message if isinstance(message, bytes) else json.dumps(message).encode()
            if topic:
                await hub.publish(topic, payload)
            else:
                await hub.push(platform.format_name, payload)
        await hub.expect_order("S-1", platform.hazard_type, platform.grade, platform.reading)
        assert await hub.held() == []


def _ago(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) - seconds, UTC)


@pytest.mark.parametrize(
    ("format_name", "topic", "report"),
    [
        (
            "iotda",
            "$oc/devices/{device}/sys/properties/report",
            {"services": [{"service_id": "Gas", "properties": {"ch4_lel_pct": 85}}]},
        ),
        ("onenet", "$sys/W6O8/{device}/thing/property/post", {"id": "1", "params": {"ch4_lel_pct": {"value": 85}}}),
    ],
)
async def test_a_device_made_for_a_platform_reports_to_the_countys_broker(
    format_name: str, topic: str, report: Any, start: Start, topic_root: str, mosquitto: Callable[..., Any]
) -> None:
    url = SecretStr(mosquitto().url)
    async with start(format_name, "gas", {"device": topic_root}, broker_url=url, broker_dollar_topics=True) as hub:
        await hub.publish(topic.format(device=topic_root), json.dumps(report).encode())
        await hub.expect_order("S-1", "gas_combustible", 1, {"ch4_lel_pct": 85})


async def test_what_iotda_pushes_needs_no_topics_that_the_embedded_broker_does_not_carry(
    start: Start, topic_root: str, database_url: str, tmp_path: Path
) -> None:
    named = Settings(database_url=SecretStr(database_url), broker_url=None, data_dir=tmp_path / "servers")
    with embedded_servers(named) as servers:
        chosen = {name: getattr(servers.known, name) for name in ("broker_url", "broker_dollar_topics")}
        async with start("iotda,onenet", "manhole", {"device": topic_root}, **chosen) as hub:
            await hub.push("iotda", json.dumps(_iotda_push(topic_root, _ago(1))).encode())
            await hub.expect_order("S-1", "cover_missing", 1, {"cover_state": "missing"})


def _metric(at: int, value: float, name: str | None = None, alias: int | None = None) -> pysparkplug.Metric:
    return pysparkplug.Metric(at, name, pysparkplug.DataType.DOUBLE, value, alias)


async def test_sparkplug_asks_to_be_born_again_and_then_reads(start: Start, topic_root: str) -> None:
    """The hub starts amid a node's life: the first data can't be named until the births come again."""
    device = f"{topic_root}/well-7/gas-1"
    async with start("sparkplug", "gas", {"device": device.upper()}) as hub:
        at = int(datetime.now(UTC).timestamp() * 1000)
        data_topic = f"spBv1.0/{topic_root}/DDATA/well-7/gas-1"
        lost = pysparkplug.DData(at - 2000, 7, [_metric(at - 2000, 95.0, alias=3)])
        await hub.publish(data_topic, lost.encode())
        asked = pysparkplug.NCmd.decode(await hub.hear(f"spBv1.0/{topic_root}/NCMD/well-7"))
        assert [(metric.name, metric.value) for metric in asked.metrics] == [("Node Control/Rebirth", True)]
        assert at <= asked.timestamp <= at + 1000 * WITHIN_S
        node = pysparkplug.NBirth(at, 0, [_metric(at, 0.0, name="bdSeq")])
        await hub.publish(f"spBv1.0/{topic_root}/NBIRTH/well-7", node.encode())
        born = pysparkplug.DBirth(at - 1000, 1, [_metric(at - 1000, 2.5, name="ch4_lel_pct", alias=3)])
        await hub.publish(f"spBv1.0/{topic_root}/DBIRTH/well-7/gas-1", born.encode())
        data = pysparkplug.DData(at, 2, [_metric(at, 95.0, alias=3)])
        await hub.publish(data_topic, data.encode())
        await hub.expect_order("S-1", "gas_combustible", 1, {"ch4_lel_pct": 95})
        [reason] = await hub.held()
        assert "born again" in reason


JAVASCRIPT_PROFILE = """maker: Acme
model: Lid7
kind: manhole
codec: acme-lid7.js
quantities:
  cover_state: {field: state, words: {shut: closed, ajar: open}}
  water_below_cover_m: {field: level, unit: mm}
"""
JAVASCRIPT = """
function decodeUplink(input) {
  if (input.bytes.length < 3) return { errors: ["frame of " + input.bytes.length + " bytes on port " + input.fPort] };
  return { data: { state: input.bytes[0] ? "ajar" : "shut", level: input.bytes[1] << 8 | input.bytes[2] } };
}
"""


async def test_a_makers_codec_dropped_into_a_folder_reads_its_devices(
    start: Start, topic_root: str, tmp_path: Path
) -> None:
    (tmp_path / "acme-lid7.yaml").write_text(JAVASCRIPT_PROFILE)
    (tmp_path / "acme-lid7.js").write_text(JAVASCRIPT)
    attributes = {"device": topic_root, "profile": "acme-lid7", "road": "carriageway"}
    async with start("chirpstack", "manhole", attributes) as hub:
        topic = f"application/1/device/{topic_root}/event/up"
        for delay_s, frame in ((2, b"\x01"), (1, b"\x01\x04\xb0")):
            event = _chirpstack(topic_root, _ago(delay_s), frame)
            await hub.publish(topic, json.dumps(event).encode())
        reading = {"cover_state": "open", "water_below_cover_m": 1.2, "rssi_dbm": -91}
        await hub.expect_order("S-1", "cover_open", 1, reading)
        [reason] = await hub.held()
        assert "frame of 1 bytes on port 85" in reason
