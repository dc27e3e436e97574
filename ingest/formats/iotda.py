"""Huawei IoTDA: the device's topic ``$oc/devices/{id}/sys/properties/report`` and the northbound push.

A gateway reports its children on ``…/sys/gateway/sub_devices/properties/report``. ``event_time`` comes in two forms,
``20151212T121212Z`` and ``2015-12-12T12:12:12.000Z``, both UTC. Services of one time make one uplink, whose fields are
``service.property``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingest.formats.uplink import FormatError, Uplink, level, read_json

TOPIC_FILTERS = (
    "$oc/devices/+/sys/properties/report",
    "$oc/devices/+/sys/gateway/sub_devices/properties/report",
)
MARKS = frozenset({"services", "notify_data", "resource", "event", "event_time", "devices"})


class _Service(msgspec.Struct, gc=False):
    service_id: str = ""
    properties: dict[str, Any] = {}
    event_time: str | None = None


class _Child(msgspec.Struct, gc=False):
    device_id: str
    services: list[_Service] = []


class _Header(msgspec.Struct, gc=False):
    device_id: str = ""
    node_id: str = ""


class _Body(msgspec.Struct, gc=False):
    services: list[_Service] = []


class _Notice(msgspec.Struct, gc=False):
    header: _Header
    body: _Body


class _Report(msgspec.Struct, gc=False):
    services: list[_Service] | None = None
    devices: list[_Child] | None = None
    notify_data: _Notice | None = None
    resource: str = "device.property"
    event_time: str | None = None


_DECODER = msgspec.json.Decoder(_Report)


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplinks of one report or push; none when the push is about something else; FormatError."""
    report: _Report = read_json(_DECODER, payload)
    if report.notify_data is not None:
        if report.resource != "device.property":
            return ()
        header = report.notify_data.header
        also = (header.node_id,) if header.node_id else ()
        return _uplinks(header.device_id, also, report.notify_data.body.services, report.event_time)
    if report.devices is not None:
        return [uplink for child in report.devices for uplink in _uplinks(child.device_id, (), child.services, None)]
    if report.services is not None:
        return _uplinks(level(topic, 2), (), report.services, None)
    raise FormatError("neither services, devices nor notify_data")


def _uplinks(device: str, also: tuple[str, ...], services: list[_Service], pushed: str | None) -> Sequence[Uplink]:
    names = [name for name in (device, *also) if name]
    groups: dict[str | None, dict[str, Any]] = {}
    for service in services:
        if service.properties:
            groups.setdefault(service.event_time or pushed or None, {})[service.service_id] = service.properties
    return [
        Uplink(
            device=names[0] if names else "",
            also=tuple(names[1:]),
            time=None if at is None else _time(at),
            fields=fields,
        )
        for at, fields in groups.items()
    ]


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"event_time {text!r} is neither 20151212T121212Z nor 2015-12-12T12:12:12Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
