"""The network loses, doubles, delays and garbles as it is told to, the same for the same seed."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.payload import DECODERS, PayloadError
from simulators.fleet import SensorReading
from simulators.injection import Injection
from simulators.network import NETWORK_SETTINGS, Carried, Delivery, Network

START = datetime(2026, 3, 4, tzinfo=UTC)
CODES = ("wl-1", "wl-2")


def readings(count: int, step_s: int = 60) -> list[SensorReading]:
    values = {"depth_m": 0.01, "rain_mm_h": 0.0, "battery_pct": 80.0}
    return [
        SensorReading(code, "waterlogging", START + timedelta(seconds=number * step_s), dict(values))
        for number in range(count)
        for code in CODES
    ]


def carried(count: int, *changes: Injection, seed: int = 1, hours: float = 24) -> tuple[list[Delivery], Carried]:
    network = Network(seed=seed, start=START, changes=changes)
    return network.carry(readings(count), START + timedelta(hours=hours)), network.carried


def setting(at_s: int = 0, sensors: tuple[str, ...] = CODES, **network: float) -> Injection:
    return Injection(at_s, sensors, network=network)


def at_s(delivery: Delivery) -> float:
    return (delivery.at - START).total_seconds()


def test_a_good_network_carries_everything_at_once_and_in_order() -> None:
    deliveries, counts = carried(50)
    assert [delivery.payload for delivery in deliveries] == [reading.payload() for reading in readings(50)]
    assert [delivery.at for delivery in deliveries] == [reading.time for reading in readings(50)]
    assert counts == Carried(sent=100)


@settings(max_examples=40)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 600), st.floats(0, 1), st.integers(0, 2**31))
def test_every_message_is_accounted_for(
    loss: float, duplicates: float, malformed: float, delay_s: float, disorder: float, seed: int
) -> None:
    change = setting(loss=loss, duplicates=duplicates, malformed=malformed, delay_s=delay_s, disorder=disorder)
    deliveries, counts = carried(40, change, seed=seed)
    assert counts.sent == 80
    assert len(deliveries) == counts.sent - counts.lost + counts.doubled
    assert [delivery.at for delivery in deliveries] == sorted(delivery.at for delivery in deliveries)
    assert deliveries == carried(40, change, seed=seed)[0]


def test_shares_are_kept() -> None:
    _, counts = carried(2000, setting(loss=0.1, duplicates=0.2, malformed=0.05), hours=1000)
    assert counts.lost == pytest.approx(400, rel=0.15)
    assert counts.doubled == pytest.approx(0.2 * 3600, rel=0.15)
    assert counts.broken == pytest.approx(0.05 * 3600, rel=0.25)


def test_whatever_is_garbled_is_refused_by_the_decoder() -> None:
    deliveries, counts = carried(200, setting(malformed=1))
    reasons = Counter()
    for delivery in deliveries:
        with pytest.raises(PayloadError) as refused:
            DECODERS["waterlogging"].decode(delivery.payload, 1, delivery.at)
        reasons[str(refused.value).split(" ")[0]] += 1
    assert counts.broken == len(deliveries) == 400
    assert len(reasons) >= 4


def test_what_a_device_kept_during_a_cut_comes_at_once_when_it_is_back() -> None:
    cut, back = setting(600, ("wl-1",), cut=1, buffer=5), setting(1800, ("wl-1",), cut=0)
    deliveries, counts = carried(60, cut, back)
    of_cut = [delivery for delivery in deliveries if delivery.code == "wl-1"]
    times = Counter(at_s(delivery) for delivery in of_cut)
    assert [moment for moment in times if 600 <= moment < 1800] == []
    burst = [delivery for delivery in of_cut if 1800 <= at_s(delivery) < 1800.5]
    assert len(burst) == 6  # five kept, one of the moment itself
    stored = [msgspec.json.decode(delivery.payload)["time"] for delivery in burst[:5]]
    assert stored == sorted(stored)
    assert counts.overflowed == 15
    assert len([delivery for delivery in deliveries if delivery.code == "wl-2"]) == 60


def test_devices_may_come_back_one_after_the_other() -> None:
    cut, back = setting(600, cut=1, reconnect_spread_s=300), setting(1200, cut=0)
    deliveries, _ = carried(60, cut, back)
    late = {at_s(delivery) for delivery in deliveries if at_s(delivery) % 60}
    assert len(late) == 2
    assert all(1200 < moment < 1500 for moment in late)


def test_connections_of_their_own_are_cut_and_made_again() -> None:
    network = Network(
        seed=1,
        start=START,
        changes=[
            setting(0, ("wl-1",), own_session_s=600),
            setting(600, cut=1, reconnect_spread_s=30),
            setting(1200, cut=0),
            setting(1201, cut=1),  # while it is still on its way back
            setting(1500, cut=0, reconnect_spread_s=0),
        ],
    )
    network.carry([], START + timedelta(hours=1))
    turns = network.turns(START + timedelta(hours=1))
    assert [(round((turn.at - START).total_seconds()), turn.code, turn.session_s) for turn in turns] == [
        (0, "wl-1", 600),
        (600, "wl-1", None),
        (1500, "wl-1", 600),
    ]
    assert network.turns(START + timedelta(hours=2)) == []
    assert network.carried == Carried(dropped=1, reconnected=1)


def test_an_own_connection_changes_nothing_of_what_is_carried() -> None:
    cut, back = setting(600, cut=1, duplicates=0.2), setting(1200, cut=0, reconnect_spread_s=60)
    with_own = carried(60, setting(0, own_session_s=0), cut, back)[0]
    assert with_own == carried(60, cut, back)[0]


def test_disorder_lets_later_messages_overtake() -> None:
    deliveries, _ = carried(50, setting(disorder=0.3, held_s=200))
    sent = [msgspec.json.decode(delivery.payload)["time"] for delivery in deliveries if delivery.code == "wl-1"]
    assert sent != sorted(sent)


def test_a_clock_that_is_ahead_says_so_in_the_payload_alone() -> None:
    deliveries, _ = carried(1, setting(clock_skew_s=90))
    assert msgspec.json.decode(deliveries[0].payload, type=dict)["time"] == "2026-03-04T00:01:30Z"
    assert deliveries[0].at == START


def test_taking_pieces_is_taking_all() -> None:
    change = setting(duplicates=0.3, delay_s=30)
    network = Network(seed=1, start=START, changes=[change])
    pieces = []
    for minute in range(0, 24 * 60, 7):
        until = START + timedelta(minutes=minute)
        before = until - timedelta(minutes=7)
        pieces += network.carry([one for one in readings(50) if before <= one.time < until], until)
    assert pieces == carried(50, change)[0]


def test_usual_settings_lie_within_their_ranges() -> None:
    assert all(one.minimum <= one.usual <= one.maximum for one in NETWORK_SETTINGS.values())
