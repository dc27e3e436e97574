"""The MQTT session against real brokers: nothing unacknowledged is lost, nothing grows without bound."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import structlog

from ingest.broker import Broker
from ingest.session import Session
from ingest.source import Batch


def session_of(url: str, root: str, **options: int) -> Session:
    return Session(Broker.parse(url), client_id=f"{root}-hub", topic_filters=(f"{root}/#",), **options)


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[Session]:
    task = asyncio.create_task(session.run(), name="session")
    try:
        async with asyncio.timeout(15):
            while not session.stats.connected:
                assert not task.done(), task.exception()
                await asyncio.sleep(0.01)
        yield session
    finally:
        task.cancel()
        await asyncio.wait({task})


def client(url: str, **options: object) -> aiomqtt.Client:
    broker = Broker.parse(url)
    return aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5, **options)


async def publish(url: str, root: str, numbers: range, qos: int = 1) -> None:
    async with client(url) as publisher:
        for number in numbers:
            await publisher.publish(f"{root}/x", str(number).encode(), qos=qos)


async def take(session: Session, wanted: int, *, ack: bool = True) -> list[int]:
    """Payload numbers until ``wanted`` of them have come."""
    found: list[int] = []
    async with asyncio.timeout(6):
        async for batch in session.batches():
            found += [int(message.payload) for message in batch.messages]
            if ack:
                session.ack(batch)
            if len(found) >= wanted:
                break
    return found


async def take_all(session: Session, wanted: set[int]) -> set[int]:
    """Payload numbers until all of ``wanted`` have come."""
    found: set[int] = set()
    while not wanted <= found:
        found |= set(await take(session, 1))
    return found


async def test_messages_come_in_order_and_once(broker_url, topic_root):
    async with running(session_of(broker_url, topic_root)) as session:
        await publish(broker_url, topic_root, range(200))
        assert await take(session, 200) == list(range(200))
        assert session.stats.acknowledged == 200


async def test_what_was_not_acknowledged_comes_again_to_the_next_process(broker_url, topic_root):
    async with running(session_of(broker_url, topic_root)) as first:
        await publish(broker_url, topic_root, range(50))
        assert len(await take(first, 50, ack=False)) == 50
    await publish(broker_url, topic_root, range(50, 60))  # while nobody is connected
    async with running(session_of(broker_url, topic_root)) as second:
        assert sorted(await take(second, 60)) == list(range(60))
    await publish(broker_url, topic_root, range(60, 61))
    async with running(session_of(broker_url, topic_root)) as third:
        assert await take(third, 1) == [60]


async def test_an_acknowledgement_for_an_old_connection_is_not_sent(broker_url, topic_root):
    """Its packet identifiers may name other messages by now."""
    async with running(session_of(broker_url, topic_root)) as session:
        await publish(broker_url, topic_root, range(5))
        async for batch in session.batches():
            old: Batch = batch
            break
        assert session._link is not None
        session._link.close()
        assert len(await take(session, 5)) >= 5
        before = session.stats.acknowledged
        session.ack(old)
        assert session.stats.acknowledged == before


async def test_no_more_than_receive_maximum_is_in_flight(mosquitto, topic_root):
    """Mosquitto keeps to Receive Maximum; rumqttd does not, and there the inbox alone bounds what is in memory."""
    server = mosquitto()
    async with running(session_of(server.url, topic_root, receive_max=20)) as session:
        await publish(server.url, topic_root, range(100))
        unacknowledged: list[Batch] = []
        async for batch in session.batches():
            unacknowledged.append(batch)
            if sum(len(batch.messages) for batch in unacknowledged) == 20:
                break
        # A round trip on the same connection: whatever the broker meant to send has come by then.
        await publish(server.url, topic_root, range(100, 101))
        assert session.stats.received == 20
        for batch in unacknowledged:
            session.ack(batch)
        assert len(await take(session, 81)) == 81


async def test_a_flood_without_quality_of_service_stops_at_the_inbox(mosquitto, topic_root):
    server = mosquitto("allow_anonymous true\nmax_queued_messages 100\n")
    async with running(session_of(server.url, topic_root, receive_max=100)) as session:
        async with client(server.url) as publisher:
            for _ in range(20_000):
                await publisher.publish(f"{topic_root}/x", b"1" * 2000, qos=0)
        assert session.stats.received < 2_000  # one read of the socket may go beyond 200
        await take_until_told(session, server.url, topic_root)


async def take_until_told(session: Session, url: str, root: str) -> None:
    """It reads on after the flood: a message sent until it gets through arrives; a full broker drops it at first."""

    told = asyncio.Event()

    async def tell() -> None:
        async with client(url) as publisher:
            while not told.is_set():  # a cancellation may get lost in the client, whose waiting Python 3.11 ends late
                await publisher.publish(f"{root}/last", b"last", qos=1)

    telling = asyncio.create_task(tell(), name="tell")
    async with asyncio.timeout(20):
        async for batch in session.batches():
            session.ack(batch)
            if any(message.payload == b"last" for message in batch.messages):
                break
    told.set()
    await telling


async def test_batches_are_bounded(broker_url, topic_root):
    async with running(session_of(broker_url, topic_root, max_batch=16)) as session:
        await publish(broker_url, topic_root, range(100))
        sizes = []
        async with asyncio.timeout(6):
            async for batch in session.batches():
                sizes.append(len(batch.messages))
                session.ack(batch)
                if sum(sizes) == 100:
                    break
        assert max(sizes) <= 16


async def test_a_broker_that_comes_back_is_found_again(mosquitto, topic_root):
    server = mosquitto("allow_anonymous true\npersistence true\nautosave_on_changes true\nautosave_interval 1\n")
    async with running(session_of(server.url, topic_root)) as session:
        await publish(server.url, topic_root, range(3))
        assert await take(session, 3) == [0, 1, 2]
        server.restart()
        async with asyncio.timeout(15):
            while session.stats.connects < 2:
                await asyncio.sleep(0.02)
        await publish(server.url, topic_root, range(3, 6))
        # An acknowledgement that was under way when the broker went is lost with it.
        assert await take_all(session, {3, 4, 5}) >= {3, 4, 5}


async def test_a_connection_that_stood_is_tried_again_soon(mosquitto, topic_root):
    """However long the waits before it were: the delay starts anew, it does not go on from where it was."""
    server = mosquitto("allow_anonymous true\n")
    server.kill()
    session = session_of(server.url, topic_root)
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(session.run(), name="session")
        try:
            async with asyncio.timeout(20):
                while len(logs) < 4:
                    await asyncio.sleep(0.01)
                server.start()
                while not session.stats.connected:
                    await asyncio.sleep(0.01)
                tries = [entry["retry_s"] for entry in logs if entry["event"] == "broker_lost"]
                server.kill()
                while session.stats.connected:
                    await asyncio.sleep(0.01)
        finally:
            task.cancel()
            await asyncio.wait({task})
    assert tries == sorted(tries)
    assert tries[-1] >= 0.8
    lost = [entry["retry_s"] for entry in logs if entry["event"] == "broker_lost"]
    assert lost[len(tries)] == 0.1


async def test_a_wrong_password_is_said_and_tried_again(mosquitto, topic_root, tmp_path, capsys):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "hub", "right"], check=True, capture_output=True)
    passwords.chmod(0o644)
    tmp_path.chmod(0o755)
    server = mosquitto(f"allow_anonymous false\npassword_file {passwords}\n")
    host = f"127.0.0.1:{server.port}"
    async with running(session_of(f"mqtt://hub:right@{host}", topic_root)) as session:
        assert session.stats.connects == 1
    refused = session_of(f"mqtt://hub:sesame@{host}", topic_root)
    task = asyncio.create_task(refused.run(), name="refused")
    await asyncio.wait({task}, timeout=1)
    task.cancel()
    await asyncio.wait({task})
    shown = capsys.readouterr()
    assert "NOT_AUTHORIZED" in shown.out + shown.err
    assert "sesame" not in shown.out + shown.err


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    tmp_path.chmod(0o755)
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "key.pem").chmod(0o644)
    return tmp_path


async def test_tls_is_verified(mosquitto, topic_root, authority, monkeypatch):
    pair = f"certfile {authority / 'cert.pem'}\nkeyfile {authority / 'key.pem'}\n"
    server = mosquitto(f"allow_anonymous true\n{pair}")
    url = f"mqtts://127.0.0.1:{server.port}"
    untrusting = session_of(url, topic_root)
    task = asyncio.create_task(untrusting.run(), name="untrusting")
    await asyncio.wait({task}, timeout=1)
    assert not untrusting.stats.connected
    task.cancel()
    await asyncio.wait({task})
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "cert.pem"))
    async with running(session_of(url, topic_root)) as session:
        context = ssl.create_default_context(cafile=str(authority / "cert.pem"))
        async with client(url, tls_context=context) as publisher:
            await publisher.publish(f"{topic_root}/x", b"7", qos=1)
        assert await take(session, 1) == [7]
