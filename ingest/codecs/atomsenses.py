"""Atomsenses AS202 (CO, NO2): the tags of the published example.

Another version of the maker's file reads CO from 0973, so both are taken.
"""

from collections.abc import Mapping

from ingest.codecs import tlv
from ingest.codecs.codec import Codec

CODECS: Mapping[str, Codec] = {
    "atomsenses-as202": tlv.build(
        {
            0x0175: tlv.byte("battery"),
            0x0367: tlv.number("temperature", "<h", 10),
            0x0468: tlv.byte("humidity", 2),
            0x0670: tlv.byte("no2"),
            0x077D: tlv.number("co", "<H"),
            0x0973: tlv.number("co", "<H"),
        },
        2,
    )
}
