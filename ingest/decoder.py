"""From a device's message to readings: envelope, codec, profile and the sensor's register entry put together.

Pure but for the memory of Sparkplug's births and for what a JavaScript codec keeps in its globals.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ingest.codecs.codec import Codec, CodecError
from ingest.formats import native
from ingest.formats.table import FORMATS, NATIVE, Read, pushed_topics, topic_filters
from ingest.formats.topics import topic_pattern
from ingest.formats.uplink import Command, FormatError, Uplink, from_epoch
from ingest.guess import nearest, other
from ingest.kinds import KINDS, Kind
from ingest.mapping import FieldMapping, Values, named_mapping, profile_mapping
from ingest.payload import PayloadError, time_refusal
from ingest.profile import History, Profile
from ingest.reading import Decoded, KnownSensor, Lookup, Reading

_MAX_HISTORY = 1000

TimeRefusal = Callable[[datetime, datetime], str | None]
"""Time of a measurement and of its arrival → why it can't be, None when it can."""


class _Refusal(Exception):
    """A part of a message that can't become a reading."""


class _Device(msgspec.Struct, frozen=True):
    """A profile made ready."""

    profile: Profile
    codec: Codec | None
    mapping: FieldMapping


class Decoder:
    """Decodes the messages of the formats that are switched on. For one thread."""

    def __init__(
        self,
        formats: Sequence[str],
        profiles: Mapping[str, tuple[Profile, Codec | None]],
        prefix: str = "sensors",
        refusal: TimeRefusal = time_refusal,
        ingress_prefix: str = "ingress",
    ) -> None:
        """``profiles`` as `ingest.profile.load_profiles` gives them; KeyError for an unknown format.

        What came over HTTP is on the topic ``{ingress_prefix}/{format}``.
        """
        self._refusal = refusal
        self._pushed = pushed_topics(formats, ingress_prefix)
        self.topic_filters = (*topic_filters(formats, prefix), *self._pushed)
        self._formats = tuple(formats)
        self._prefix = prefix
        self._readers: dict[str, Read] = {name: FORMATS[name].reader() for name in formats if name != NATIVE}
        self._match = topic_pattern({name: topic_filters([name], prefix) for name in formats}).fullmatch
        self._devices = {
            name: _Device(profile, codec, profile_mapping(profile)) for name, (profile, codec) in profiles.items()
        }
        self._named = {name: named_mapping(kind) for name, kind in KINDS.items()}

    def format_of(self, topic: str) -> str | None:
        """The name of the format whose topic filter fits, None when none does."""
        if topic in self._pushed:
            return self._pushed[topic]
        match = self._match(topic)
        return match.lastgroup if match is not None else None

    def decode(
        self, topic: str, payload: bytes, lookup: Lookup, received_at: datetime, format_name: str | None = None
    ) -> Decoded:
        """Decode one message; what is wrong is told in the result. ``format_name`` is for messages without a topic."""
        decoded = Decoded()
        name = format_name or self.format_of(topic)
        try:
            if topic in self._pushed:
                topic = ""  # its last level is no device's name
            if name == NATIVE:
                take = self._native if topic else self._native_pushed
                take(topic, payload, lookup, received_at, decoded)
                return decoded
            read = self._readers.get(name) if name is not None else None
            if read is None:
                raise _Refusal(nearest(topic, payload, self._formats, self._prefix))
            found = read(topic, payload)
        except FormatError as error:
            decoded.refused.append(f"{name}: {error}{other(str(name), payload)}")
            decoded.commands += error.commands
            return decoded
        except PayloadError as error:
            decoded.refused.append(f"{error}{other(NATIVE, payload)}")
            return decoded
        except _Refusal as error:
            decoded.refused.append(str(error))
            return decoded
        for item in found:
            if isinstance(item, Command):
                decoded.commands.append(item)
            else:
                self.decode_uplink(item, lookup, received_at, decoded)
        return decoded

    def decode_uplink(self, uplink: Uplink, lookup: Lookup, received_at: datetime, decoded: Decoded) -> None:
        """Add the readings, warnings and refusals of one uplink to ``decoded``."""
        sensor = lookup(uplink.device)
        if sensor is None:
            sensor = next((found for name in uplink.also if (found := lookup(name)) is not None), None)
        if sensor is None:
            decoded.refused.append(f"no sensor is registered for device {uplink.device!r}")
            return
        try:
            self._read(uplink, sensor, received_at, decoded)
        except (_Refusal, CodecError) as error:
            decoded.refused.append(str(error))

    def _native(self, topic: str, payload: bytes, lookup: Lookup, received_at: datetime, decoded: Decoded) -> None:
        kind, code = native.address(topic, self._prefix)
        sensor = lookup(code)
        if sensor is None or sensor.kind != kind:
            raise _Refusal(f"no sensor {code!r} of kind {kind} is registered")
        for row in native.rows(kind, payload, sensor.sensor_id, received_at):
            decoded.readings.append(Reading(code, kind, row))

    def _native_pushed(
        self, _topic: str, payload: bytes, lookup: Lookup, received_at: datetime, decoded: Decoded
    ) -> None:
        for code, message in native.pushed(payload):
            sensor = lookup(code)
            if sensor is None:
                decoded.refused.append(f"no sensor {code!r} is registered")
                continue
            try:
                rows = native.rows(sensor.kind, message, sensor.sensor_id, received_at)
            except PayloadError as error:
                decoded.refused.append(f"{sensor.code}: {error}")
                continue
            decoded.readings += [Reading(sensor.code, sensor.kind, row) for row in rows]

    def _read(self, uplink: Uplink, sensor: KnownSensor, received_at: datetime, decoded: Decoded) -> None:
        attributes = sensor.attributes
        profile_name = attributes.get("profile")
        history = None
        if profile_name is None:
            if uplink.fields is None:
                raise _Refusal(f"{sensor.code}: its register entry names no profile to decode the device's bytes with")
            mapping, fields = self._named[sensor.kind], _flat(uplink.fields)
        else:
            device = self._device(str(profile_name), sensor)
            mapping, history = device.mapping, device.profile.history
            fields = _fields(uplink, device, decoded)
        time = uplink.time
        if time is None:
            time = received_at + timedelta(seconds=uplink.after_s) if uplink.after_s else received_at
        if history is not None and isinstance(fields.get(history.field), list):
            fields = self._history(fields, history, mapping, sensor, received_at, decoded)
        values = mapping.take(fields, attributes, uplink.units, uplink.signal_dbm, decoded.warnings)
        if values is None:
            if not decoded.readings:
                decoded.warnings.append(_nothing(fields, mapping.kind))
            return
        self._add(values, time, sensor, mapping, received_at, decoded)

    def _device(self, name: str, sensor: KnownSensor) -> _Device:
        device = self._devices.get(name)
        if device is None:
            raise _Refusal(f"{sensor.code}: there is no profile {name!r}")
        if device.profile.kind != sensor.kind:
            raise _Refusal(f"{sensor.code} is of kind {sensor.kind}, its profile of kind {device.profile.kind}")
        return device

    def _history(
        self,
        fields: dict[str, Any],
        history: History,
        mapping: FieldMapping,
        sensor: KnownSensor,
        received_at: datetime,
        decoded: Decoded,
    ) -> dict[str, Any]:
        """Add the readings of earlier samples; the fields of the message's own sample are returned."""
        samples = [sample for sample in fields[history.field][-_MAX_HISTORY:] if isinstance(sample, dict)]
        own = {name: value for name, value in fields.items() if name != history.field}
        if history.time is None:
            if len(samples) > 1:
                decoded.warnings.append(f"{len(samples) - 1} earlier samples without a time were dropped")
            return {**own, **samples[-1]} if samples else own
        for sample in samples:
            time = _time(sample.get(history.time))
            if time is None:
                decoded.warnings.append(f"a sample of {history.field} without a time was dropped")
                continue
            values = mapping.take(sample, sensor.attributes, None, None, decoded.warnings)
            if values is not None:
                try:
                    self._add(values, time, sensor, mapping, received_at, decoded)
                except _Refusal as error:
                    decoded.refused.append(f"{history.field}: {error}")
        return own

    def _add(
        self,
        values: Values,
        time: datetime,
        sensor: KnownSensor,
        mapping: FieldMapping,
        received_at: datetime,
        decoded: Decoded,
    ) -> None:
        reason = self._refusal(time, received_at) or mapping.outside(values)
        if reason:
            raise _Refusal(f"{sensor.code}: {reason}")
        decoded.readings.append(Reading(sensor.code, mapping.kind.name, (sensor.sensor_id, time, *values)))


def _fields(uplink: Uplink, device: _Device, decoded: Decoded) -> dict[str, Any]:
    if device.codec is not None and uplink.payload is not None:
        measured = device.codec(uplink.payload, uplink.port)
        decoded.warnings += measured.warnings
        return measured.fields
    if uplink.fields is not None:
        return uplink.fields
    if device.codec is None:
        raise _Refusal(f"profile {device.profile.name} has no codec for the device's bytes")
    raise _Refusal(f"profile {device.profile.name} decodes the device's bytes, and the message has none")


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields, those inside objects, and the last levels of paths: ``DATA/depth_m`` and a service's ``depth_m``."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict) and "value" not in value:
            found.update(value)
        elif "/" in name:
            found[name.rpartition("/")[2]] = value
    return {**found, **fields}


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return found if found.tzinfo is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return from_epoch(value)
    except FormatError:
        return None


def _nothing(fields: Mapping[str, Any], kind: Kind) -> str:
    names = ", ".join(str(name)[:40] for name in list(fields)[:10])
    return f"no quantity of {kind.name} in the message" + (f", only {names}" if names else "")
