"""The sensors and messages that every measurement of a run shares."""

from dataclasses import dataclass

from database.pool import Connection
from ingest.payload import native_topic
from simulators.load import Template, prepare

# Ordinary values: none reaches a limit.
_QUANTITIES = {
    "gas": (
        '"ch4_lel_pct":3.2,"h2s_mg_m3":0.1,"co_mg_m3":1.2,"o2_pct_vol":20.9,"temperature_c":21.5,"battery_pct":88',
        {"placement": "chamber"},
    ),
    "waterlogging": ('"depth_m":0.012,"rain_mm_h":3.5,"battery_pct":76', {"place": "road"}),
    "noise": (
        '"laeq_db":45.1,"lmax_db":58.7,"l10_db":47.9,"l50_db":44.0,"l90_db":41.2,"window_s":600,"battery_pct":90',
        {"noise_class": "3"},
    ),
    "manhole": (
        '"cover_state":"closed","tilt_deg":0.4,"water_below_cover_m":1.25,"shock_count":3,"battery_pct":81,"rssi_dbm":-97',
        {"road": "carriageway"},
    ),
}
RED_GAS = '"ch4_lel_pct":91.5,"battery_pct":88'


@dataclass(frozen=True, slots=True)
class BenchSensor:
    """One registered sensor of the benchmark."""

    code: str
    kind: str

    def topic(self, prefix: str) -> str:
        """Where it reports."""
        return native_topic(prefix, self.kind, self.code)

    def template(self, prefix: str) -> Template:
        """The bytes it sends."""
        return prepare(self.topic(prefix), _QUANTITIES[self.kind][0])

    def payload(self, time_ms: int) -> bytes:
        """Its payload at a time, in epoch milliseconds."""
        return f'{{"time":{time_ms},{_QUANTITIES[self.kind][0]}}}'.encode()


def bench_sensors(count: int) -> list[BenchSensor]:
    """``count`` sensors, the four kinds in turn."""
    kinds = tuple(_QUANTITIES)
    return [BenchSensor(f"bench-{number:06}", kinds[number % len(kinds)]) for number in range(count)]


async def register(connection: Connection, sensors: list[BenchSensor]) -> None:
    """Enter the sensors in the register."""
    records = [(sensor.code, sensor.kind) for sensor in sensors]
    await connection.copy_records_to_table("sensor", records=records, columns=("code", "kind"))
    for kind, (_, attributes) in _QUANTITIES.items():
        await connection.execute("UPDATE sensor SET attributes = $2 WHERE kind = $1", kind, attributes)
