"""``lifeline decode``: what the hub makes of one message, without touching anything."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from ingest.codecs.codec import Codec
from ingest.decoder import Decoder
from ingest.errors import IngestError
from ingest.formats import native
from ingest.formats.table import FORMAT_NAMES, FORMATS, NATIVE
from ingest.formats.uplink import Uplink
from ingest.kinds import KINDS
from ingest.payload import parse_topic
from ingest.profile import Profile, load_profiles
from ingest.reading import Decoded, Lookup, Reading
from lifeline.errors import HubError

app = typer.Typer()

_SHOWN = 400  # characters of bytes or fields

Profiles = Mapping[str, tuple[Profile, Codec | None]]


@dataclass(frozen=True, slots=True)
class _Assumed:
    """The register entry that the command line stands in for."""

    sensor_id: int
    code: str
    kind: str
    attributes: Mapping[str, Any]


class _Stamp(msgspec.Struct):
    time: datetime | float | None = None


@app.command()
def decode(
    file: Annotated[Path | None, typer.Argument(help="The message; standard input when left out")] = None,
    format_name: Annotated[str | None, typer.Option("--format", help=", ".join(FORMAT_NAMES))] = None,
    topic: Annotated[str, typer.Option(help="The topic it came on")] = "",
    profile: Annotated[str | None, typer.Option(help="The device's profile: maker-model")] = None,
    port: Annotated[int | None, typer.Option(help="LoRaWAN port of bare bytes")] = None,
    bare: Annotated[bool, typer.Option("--hex", help="The input is the device's bytes alone, in hexadecimal")] = False,
    attribute: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of the sensor's register entry")] = None,
    profiles: Annotated[Path | None, typer.Option(help="A folder with profiles of your own")] = None,
    prefix: Annotated[str, typer.Option(help="First level of native topics")] = "sensors",
) -> None:
    """Decode one message and print its readings and warnings as JSON; a refusal is told and gives status 1."""
    known = load_profiles(*([profiles] if profiles else []))
    if profile is not None and profile not in known:
        raise HubError(f"there is no profile {profile!r}: see `lifeline profiles list`")
    content = _input(file)
    attributes = _attributes(attribute or [], profile)
    if bare:
        decoded = _decode_bytes(content, port, profile, attributes, known)
    else:
        decoded = _decode_message(content, format_name, topic, profile, attributes, known, prefix)
    warnings = [*decoded.warnings, *(f"asks to publish on {command.topic}" for command in decoded.commands)]
    shown = {"readings": [_shown(reading) for reading in decoded.readings], "warnings": warnings}
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    if decoded.refused:
        raise HubError("; ".join(decoded.refused))


def _input(file: Path | None) -> bytes:
    if file is None or str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise HubError(f"{file}: {error.strerror}") from error


def _attributes(given: list[str], profile: str | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {} if profile is None else {"profile": profile}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise HubError(f"--attribute {pair}: expected NAME=VALUE")
        try:
            attributes[name] = float(value)
        except ValueError:
            attributes[name] = value
    return attributes


def _decode_bytes(
    content: bytes, port: int | None, profile: str | None, attributes: Mapping[str, Any], known: Profiles
) -> Decoded:
    if profile is None:
        raise HubError("--hex needs --profile: bare bytes don't say what they mean")
    try:
        payload = bytes.fromhex(content.decode("ascii"))
    except ValueError as error:
        raise HubError("the input is not hexadecimal, such as 01756403d4000001005046") from error
    decoded = Decoded()
    decoder = Decoder((), known, refusal=_any_time)
    sensor = _Assumed(0, "", known[profile][0].kind, attributes)
    decoder.decode_uplink(Uplink("", port=port, payload=payload), lambda _: sensor, datetime.now(UTC), decoded)
    return decoded


def _decode_message(
    content: bytes,
    format_name: str | None,
    topic: str,
    profile: str | None,
    attributes: Mapping[str, Any],
    known: Profiles,
    prefix: str,
) -> Decoded:
    decoder = Decoder(FORMAT_NAMES, known, prefix, refusal=_any_time)
    name = format_name or decoder.format_of(topic)
    if name is not None and name not in FORMAT_NAMES:
        raise HubError(f"unknown format {name!r}: expected one of {', '.join(FORMAT_NAMES)}")
    received_at = datetime.now(UTC)
    if name == NATIVE:
        received_at = _stamp(content) or received_at
    if name == NATIVE and topic:
        kind = parse_topic(topic, prefix).kind
    elif profile is not None:
        kind = known[profile][0].kind
    else:
        uplinks = _uplinks(name, topic, content)
        likely = _likely_kind(uplinks)
        if uplinks and likely is None and name != NATIVE:
            return Decoded(warnings=[_told(uplink) for uplink in uplinks])
        kind = likely or next(iter(KINDS))  # nothing to read: told or refused by the decoder
    lookup: Lookup = lambda device: _Assumed(0, device, kind, attributes)  # noqa: E731
    return decoder.decode(topic, content, lookup, received_at, name)


def _any_time(time: datetime, received_at: datetime) -> str | None:
    """An example from a manual is years old, and still worth reading."""
    return None


def _stamp(content: bytes) -> datetime | None:
    """The native message's own time, so that an old example is not refused for its age."""
    try:
        found = msgspec.json.decode(content, type=_Stamp | list[_Stamp])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    stamps = found if isinstance(found, list) else [found]
    times = [stamp.time for stamp in stamps if isinstance(stamp.time, datetime) and stamp.time.tzinfo is not None]
    return max(times, default=None)


def _uplinks(name: str | None, topic: str, content: bytes) -> list[Uplink]:
    """What the envelope holds; nothing when it can't be read, which the decoder says why."""
    if name is None:
        return []
    try:
        if name == NATIVE:  # pushed over HTTP, where each reading names its sensor
            return [Uplink(sensor, fields=msgspec.json.decode(reading)) for sensor, reading in native.pushed(content)]
        return [item for item in FORMATS[name].reader()(topic, content) if isinstance(item, Uplink)]
    except IngestError:
        return []


def _likely_kind(uplinks: Sequence[Uplink]) -> str | None:
    """The kind most of whose quantities the message names: without a register only names can tell."""
    names: set[str] = set()
    for uplink in uplinks:
        for field, value in (uplink.fields or {}).items():
            names.update({field.rpartition("/")[2], *(value if isinstance(value, dict) else ())})
    scores = {kind.name: len(names.intersection(kind.column_names)) for kind in KINDS.values()}
    best = max(scores, key=lambda kind: scores[kind])
    return best if scores[best] else None


def _told(uplink: Uplink) -> str:
    """What the envelope says, for whoever looks for the profile."""
    parts = [f"device {', '.join((uplink.device or 'without a name', *uplink.also))}"]
    if uplink.time is not None:
        parts.append(f"time {uplink.time.isoformat()}")
    if uplink.port is not None:
        parts.append(f"port {uplink.port}")
    if uplink.payload is not None:
        parts.append(f"bytes {uplink.payload.hex()[:_SHOWN]}")
    if uplink.fields is not None:
        parts.append(f"fields {json.dumps(uplink.fields, ensure_ascii=False, default=str)[:_SHOWN]}")
    return f"{'; '.join(parts)}: say with --profile what they mean (see `lifeline profiles list`)"


def _shown(reading: Reading) -> dict[str, Any]:
    return {
        "sensor": reading.sensor or None,
        "kind": reading.kind,
        "time": reading.time.isoformat(),
        "quantities": reading.quantities,
    }
