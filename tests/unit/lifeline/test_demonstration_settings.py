"""A demonstration meets nothing that is there already, and ends between two steps."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from lifeline.demonstration.interruption import Interruption, interruptible
from lifeline.demonstration.script import REPORT_S, read_script
from lifeline.demonstration.show import own_settings
from lifeline.settings import Settings


def test_names_at_the_broker_are_new_ones() -> None:
    first, second = (own_settings(Settings(), Path("/d")) for _ in range(2))
    assert first.client_id != second.client_id
    assert first.topic_prefix.endswith("/sensors")
    assert first.topic_prefix != second.topic_prefix
    assert first.squads_prefix != second.squads_prefix
    assert first.data_dir == Path("/d")


def test_ports_are_free_ones_unless_they_were_set() -> None:
    own = own_settings(Settings(api_port=8123), Path("/d"))
    assert (own.api_port, own.ingest_probe_port) == (8123, 0)


def test_the_traffic_leaves_the_drill_alone() -> None:
    script = read_script()
    drilled = {sensor.code for sensor in script.drilled}
    assert drilled == {f"gas-000{number}" for number in range(1, 7)}
    assert drilled.isdisjoint(sensor.code for sensor in script.traffic)
    encored = {sensor.code for sensor in script.second().drilled}
    assert encored.isdisjoint(drilled | {sensor.code for sensor in script.traffic})
    assert script.second().drill.speed == 1.0
    assert len(script.traffic) + len(drilled) + len(encored) == len(script.county.sensors)
    assert {sensor.interval_s >= REPORT_S for sensor in script.traffic} == {True}
    assert script.slowest_s == 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_cancels_the_work_and_nothing_else(number: signal.Signals) -> None:
    ended = []

    async def work() -> bool:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            ended.append("in order")
        return True

    with interruptible() as interruption:
        assert await interruption.end_early(work()) is None
    assert interruption.requested
    assert ended == ["in order"]


async def test_a_signal_before_the_work_counts() -> None:
    interruption = Interruption()
    interruption.request()

    async def work() -> bool:
        await asyncio.Event().wait()
        return True

    assert await interruption.end_early(work()) is None


async def test_work_that_ends_by_itself_gives_its_result() -> None:
    async def work() -> str:
        return "done"

    assert await Interruption().end_early(work()) == "done"
