"""The formats by name; which are switched on decides what is subscribed to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ingest.formats import chirpstack, ctwing, iotda, native, onenet, senml, ttn
from ingest.formats.uplink import Command, Uplink

Read = Callable[[str, bytes], Sequence[Uplink | Command]]
"""Topic and message → what devices said in it, and what to publish in answer; raises FormatError."""


@dataclass(frozen=True, slots=True)
class Format:
    """One envelope.

    ``reader`` makes a reader, which may keep memory of its own; ``topic_filters`` are its MQTT topics, empty when it
    only comes over HTTP; ``marks`` are keys that tell its messages from others', for guessing; ``pushed`` says whether
    it may come over HTTP, which it can't when only the topic names the device.
    """

    name: str
    title: str
    reader: Callable[[], Read]
    topic_filters: tuple[str, ...]
    marks: frozenset[str]
    pushed: bool = True


def _stateless(read: Read) -> Callable[[], Read]:
    return lambda: read


def _sparkplug() -> Read:
    from ingest.formats.sparkplug import SparkplugReader  # and with it protobuf, which most processes never need

    return SparkplugReader().read


_FORMATS = (
    Format("senml", "SenML", _stateless(senml.read), senml.TOPIC_FILTERS, senml.MARKS),
    Format("chirpstack", "ChirpStack v4", _stateless(chirpstack.read), chirpstack.TOPIC_FILTERS, chirpstack.MARKS),
    Format("ttn", "The Things Stack v3", _stateless(ttn.read), ttn.TOPIC_FILTERS, ttn.MARKS),
    Format("sparkplug", "Sparkplug B", _sparkplug, ("spBv1.0/#",), frozenset(), pushed=False),
    Format("ctwing", "CTWing", _stateless(ctwing.read), ctwing.TOPIC_FILTERS, ctwing.MARKS),
    Format("onenet", "OneNET", _stateless(onenet.read), onenet.TOPIC_FILTERS, onenet.MARKS),
    Format("iotda", "Huawei IoTDA", _stateless(iotda.read), iotda.TOPIC_FILTERS, iotda.MARKS),
)

FORMATS: Mapping[str, Format] = MappingProxyType({format.name: format for format in _FORMATS})
"""All but the native one, which ``ingest.payload`` reads without this detour."""

NATIVE = "native"
FORMAT_NAMES = (NATIVE, *FORMATS)


def topic_filters(names: Sequence[str], prefix: str) -> tuple[str, ...]:
    """What devices publish on in the formats called ``names``; KeyError for an unknown one."""
    found: list[str] = []
    for name in names:
        found += native.topic_filters(prefix) if name == NATIVE else FORMATS[name].topic_filters
    return tuple(found)


def pushed_topics(names: Sequence[str], prefix: str) -> Mapping[str, str]:
    """Topic → format for what is pushed over HTTP: ``{prefix}/{format}``. The topic says nothing of the device."""
    return {f"{prefix}/{name}": name for name in names if name == NATIVE or FORMATS[name].pushed}
