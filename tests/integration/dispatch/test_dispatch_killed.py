"""SIGKILL between each pair of steps, and two dispatchers at once: exactly one effective assignment."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import orjson
import pytest

from dispatch import dispatcher, notify, watch

# Runs the stages once, as the service does, in a child that kills itself at its k-th step: each statement of the
# database, each message to the broker. Prints how many orders had left by then; 'whole' when it came through.
_CHILD = """
import asyncio, os, signal, sys
from datetime import datetime, timedelta
import asyncpg.connection
import scipy.optimize  # which each child would else have to read anew
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
    done = await dispatcher.send_out(pool, now, lease=notify.HAND_OVER)
    while (await notify.run_once(pool, publish, now, leased=done.orders)).more:
        done = dispatcher.Dispatched()
    await dispatcher.tell(pool, now)
    await dispatcher.settle(pool, now)
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


async def _unheard(topic: str, payload: bytes) -> None:
    """A wire at whose end nobody answers."""


# How long before the child starts an order left that nobody has confirmed, None: there was none; then what has become
# of the tasks in the end, and of the case.
SENT_AFRESH = (None, [("gas-near", "ordered")], ["dispatched", "filed"])
MOVED_ON = (
    timedelta(minutes=4),
    [("gas-near", "cancelled"), ("gas-far", "ordered")],
    ["dispatched", "dispatched", "filed", "returned"],
)


@pytest.mark.parametrize(("unconfirmed_for", "tasks", "course"), [SENT_AFRESH, MOVED_ON], ids=["afresh", "moved_on"])
async def test_whenever_the_dispatcher_is_killed_one_squad_is_sent(
    pool: asyncpg.Pool,
    database_url: str,
    squads: object,
    report: Callable[..., Awaitable[int]],
    now: datetime,
    unconfirmed_for: timedelta | None,
    tasks: list[tuple[str, str]],
    course: list[str],
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
            await pool.execute("TRUNCATE incident CASCADE")
            incident_id = await report()
            if unconfirmed_for is not None:
                await dispatcher.run_once(pool, now - unconfirmed_for)
                await notify.run_once(pool, _unheard, now - unconfirmed_for)
            sent, whole = await asyncio.to_thread(run_killed, child, fatal)

            async def publish(topic: str, payload: bytes, sent: list[tuple[str, str]] = sent) -> None:
                sent.append((topic, str(orjson.loads(payload)["key"])))

            later = now + timedelta(seconds=31)  # the lease of what the dead one took has ended
            for _ in range(2):  # what the watch takes from one squad the dispatcher gives to the next
                await asyncio.gather(*(dispatcher.run_once(pool, later) for _ in range(2)))
                await asyncio.gather(*(watch.run_once(pool, later) for _ in range(2)))
            await asyncio.gather(*(notify.run_once(pool, publish, later) for _ in range(2)))
            rows = await pool.fetch(
                "SELECT squad_id, status FROM task WHERE incident_id = $1 ORDER BY task_id", incident_id
            )
            assert [tuple(row) for row in rows] == tasks, fatal
            orders = {one for one in sent if one[0].endswith("/orders")}
            assert [topic for topic, _ in orders] == [f"squads/{tasks[-1][0]}/orders"], fatal
            events = await pool.fetch("SELECT event FROM incident_event WHERE incident_id = $1", incident_id)
            assert sorted(row["event"] for row in events) == course, fatal
            assert await pool.fetchval("SELECT count(*) FROM notification WHERE kind = 'opened'") == 1, fatal
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert fatal > 12  # there were steps to die between
