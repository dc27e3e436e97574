"""SIGKILL between each pair of steps, and two dispatchers at once: exactly one effective assignment."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import orjson

from dispatch import dispatcher, notify, watch

# Runs the stages once in a child that kills itself at its k-th step: each statement of the database, each message to
# the broker. Prints how many orders had left by then; 'whole' when it came through.
_CHILD = """
import asyncio, os, signal, sys
from datetime import datetime, timedelta
import asyncpg.connection
from database.pool import open_pool
from dispatch import dispatcher, notify, watch

url, now = sys.argv[1], datetime.fromisoformat(sys.argv[2])

async def stages(fatal):
    steps, sent = 0, 0
    def step():
        nonlocal steps
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
    execute = asyncpg.connection.Connection._execute
    plain = asyncpg.connection.Connection.execute
    async def counted(self, *given, **named):
        step()
        return await execute(self, *given, **named)
    async def counted_plain(self, *given, **named):
        step()
        return await plain(self, *given, **named)
    pool = await open_pool(url, application="killed", size=2)
    asyncpg.connection.Connection._execute = counted
    asyncpg.connection.Connection.execute = counted_plain
    async def publish(topic, payload):
        step()
        print(topic, payload.decode(), flush=True)
        step()
    await watch.run_once(pool, now)
    await dispatcher.run_once(pool, now)
    await notify.run_once(pool, publish, now)
    print("whole", flush=True)
    os._exit(0)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        asyncio.run(stages(int(line)))
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""


def run_killed(child: "subprocess.Popen[str]", fatal: int) -> tuple[list[tuple[str, str]], bool]:
    """The orders that left before the child died at step ``fatal``, as topic and key, and whether it came through."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{fatal}\n")
    child.stdin.flush()
    sent, whole = [], False
    while (line := child.stdout.readline().strip()) != "ended":
        assert line, "the child is gone"
        if line == "whole":
            whole = True
            continue
        topic, _, payload = line.partition(" ")
        sent.append((topic, str(orjson.loads(payload)["key"])))
    return sent, whole


async def test_whenever_the_dispatcher_is_killed_one_squad_is_sent(
    pool: asyncpg.Pool, database_url: str, squads: object, report: Callable[..., Awaitable[int]], now
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, database_url, now.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        fatal, whole = 0, False
        while not whole:
            fatal += 1
            await pool.execute("TRUNCATE incident, sensor CASCADE")
            incident_id = await report()
            sent, whole = await asyncio.to_thread(run_killed, child, fatal)

            async def publish(topic: str, payload: bytes, sent: list[tuple[str, str]] = sent) -> None:
                sent.append((topic, str(orjson.loads(payload)["key"])))

            later = now + timedelta(seconds=31)  # the lease of what the dead one took has ended
            await asyncio.gather(*(dispatcher.run_once(pool, later) for _ in range(2)))
            await asyncio.gather(*(watch.run_once(pool, later) for _ in range(2)))
            await asyncio.gather(*(notify.run_once(pool, publish, later) for _ in range(2)))
            rows = await pool.fetch("SELECT squad_id, status FROM task WHERE incident_id = $1", incident_id)
            assert [tuple(row) for row in rows] == [("gas-near", "ordered")], fatal
            assert len(set(sent)) == 1, fatal
            assert sent[0][0] == "squads/gas-near/orders"
            events = await pool.fetch("SELECT event FROM incident_event WHERE incident_id = $1", incident_id)
            assert sorted(row["event"] for row in events) == ["dispatched", "filed"], fatal
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert fatal > 12  # there were steps to die between
