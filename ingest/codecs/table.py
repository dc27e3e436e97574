"""The codecs built in, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from ingest.codecs import (
    atomsenses,
    browan,
    decentlab,
    dingtek,
    dragino,
    elsys,
    milesight,
    milesight_cellular,
    netvox,
)
from ingest.codecs.codec import Codec

CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        **milesight.CODECS,
        **milesight_cellular.CODECS,
        **dingtek.CODECS,
        **dragino.CODECS,
        **decentlab.CODECS,
        **netvox.CODECS,
        **atomsenses.CODECS,
        **browan.CODECS,
        **elsys.CODECS,
    }
)
