"""What a load came to, and who set its rate."""

import json
from dataclasses import replace

import mqtt5

from simulators.generator import Generated, load_sensors
from simulators.load import Load, present_ms

DONE = Generated(sent=300_000, acknowledged=300_000, seconds=3.0, processes=1, waited_share=0.4, cpu_s=2.0)


def test_rates_are_by_the_clock_and_by_the_core() -> None:
    assert (DONE.rate, DONE.per_cpu_second) == (100_000, 150_000)
    assert replace(DONE, cpu_s=0.0).per_cpu_second == 0


def test_a_generator_that_hardly_waited_was_the_limit() -> None:
    assert not DONE.was_limit
    assert replace(DONE, waited_share=0.01).was_limit


def test_a_load_sends_every_sensor_in_turn_and_no_reading_twice() -> None:
    sensors = load_sensors(3, "load")
    load = Load([sensor.template("sensors") for sensor in sensors], present_ms())
    data = load.next_bytes(5, 65_533) + load.next_bytes(400, 3)
    readings, identifiers = [], []
    while data:
        packet, length = mqtt5.read(data)
        assert isinstance(packet, mqtt5.PublishPacket)
        readings.append((packet.topic, json.loads(bytes(packet.payload))["time"]))
        identifiers.append(packet.packet_id)
        data = data[length:]
    assert [topic for topic, _ in readings] == [sensors[n % 3].topic("sensors") for n in range(405)]
    assert len(set(readings)) == 405
    assert identifiers[:7] == [65_533, 65_534, 65_535, 1, 2, 3, 4]
    assert load.sent == 405
