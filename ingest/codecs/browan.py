"""Browan TBSL100 sound level sensor: 4 bytes on port 105, after its reference manual BQW_02_0011, section 4.1.2.

0xFF as decibel means that the sensor could not measure; the profile voids it.
"""

from collections.abc import Mapping

from ingest.codecs.codec import Codec, Measured, require_length, require_port


def _tbsl100(payload: bytes, port: int | None) -> Measured:
    require_port(port, 105)
    require_length(payload, 4)
    return Measured(
        {
            "status": payload[0] & 0x01,
            "battery": (25 + (payload[1] & 0x0F)) / 10,
            "temperatureBoard": (payload[2] & 0x7F) - 32,
            "decibel": payload[3],
        }
    )


CODECS: Mapping[str, Codec] = {"browan-tbsl100": _tbsl100}
