"""The sensors and messages that every measurement of a run shares."""

from database.pool import Connection
from simulators.generator import LoadSensor, load_sensors

_ATTRIBUTES = {
    "gas": {"placement": "chamber"},
    "waterlogging": {"place": "road"},
    "noise": {"noise_class": "3"},
    "manhole": {"road": "carriageway"},
}
RED_GAS = '"ch4_lel_pct":91.5,"battery_pct":88'


def bench_sensors(count: int) -> list[LoadSensor]:
    """``count`` sensors, the four kinds in turn."""
    return load_sensors(count, "bench")


async def register(connection: Connection, sensors: list[LoadSensor]) -> None:
    """Enter the sensors in the register."""
    records = [(sensor.code, sensor.kind) for sensor in sensors]
    await connection.copy_records_to_table("sensor", records=records, columns=("code", "kind"))
    for kind, attributes in _ATTRIBUTES.items():
        await connection.execute("UPDATE sensor SET attributes = $2 WHERE kind = $1", kind, attributes)
