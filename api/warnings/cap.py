"""A released warning as OASIS CAP 1.2.

How the fields of GB/T 35965.1-2018 map: the identifier is the organisation's digits, date and time, and a serial
number; times are of +08:00; sender is the issuing organisation, status, message and references are as in CAP. The four
colours are the parameter ``warningLevel`` (1 red to 4 blue) with CAP's severity and urgency beside it; the level of
what has happened is ``eventLevel``.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from api.fields import Position
from api.warnings.entry import WarningEntry, Words

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LOCAL = timezone(timedelta(hours=8))
Message = Literal["Alert", "Update", "Cancel"]
_COLOURS = {1: ("红色", "red"), 2: ("橙色", "orange"), 3: ("黄色", "yellow"), 4: ("蓝色", "blue")}
_SEVERITY = {1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor"}
_URGENCY = {1: "Immediate", 2: "Expected", 3: "Expected", 4: "Future"}


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues warnings: ``organisation`` is its code in digits, ``public_url`` is where the public finds them."""

    organisation: str = "44122300000000"
    name_zh: str = "广宁县城市管理和综合执法局"
    name_en: str = "Guangning County Urban Management Bureau"
    public_url: str = "http://127.0.0.1:8000"

    @property
    def sender(self) -> str:
        """CAP's name of the sender, which may hold neither spaces nor commas."""
        return f"{self.organisation}@lifeline"

    def identify(self, at: datetime, serial: int) -> str:
        """The identifier of what is released at ``at``."""
        return f"{self.organisation}_{at.astimezone(LOCAL):%Y%m%d%H%M%S}_{serial:06d}"


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message."""

    identifier: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """A warning that is out; ``note`` is what a cancellation says."""

    identifier: str
    message: Message
    sent_at: datetime
    entry: WarningEntry
    references: tuple[Reference, ...] = ()
    incident_id: int | None = None


def local_time(at: datetime) -> str:
    """CAP's form, in local time."""
    return at.astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M:%S+08:00")


def colour(level: int, language: Literal["zh", "en"]) -> str:
    """The word for a level."""
    return _COLOURS[level][0 if language == "zh" else 1]


def as_cap(warning: Released, issuer: Issuer) -> bytes:
    """The XML document."""
    alert = ET.Element("alert", xmlns=NAMESPACE)
    references = " ".join(
        f"{issuer.sender},{reference.identifier},{local_time(reference.sent_at)}" for reference in warning.references
    )
    incidents = "" if warning.incident_id is None else f"incident-{warning.incident_id}"
    exercise = "演练，并非真实事件 Exercise, not a real event" if warning.entry.status == "Exercise" else ""
    _fill(
        alert,
        ("identifier", warning.identifier),
        ("sender", issuer.sender),
        ("sent", local_time(warning.sent_at)),
        ("status", warning.entry.status),
        ("msgType", warning.message),
        ("scope", "Public"),
        ("note", exercise),
        ("references", references),
        ("incidents", incidents),
    )
    _info(alert, warning, issuer, "zh-CN", warning.entry.zh, issuer.name_zh)
    _info(alert, warning, issuer, "en", warning.entry.en, issuer.name_en)
    document: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True)
    return document


def _info(parent: ET.Element, warning: Released, issuer: Issuer, language: str, words: Words, sender: str) -> None:
    entry = warning.entry
    info = ET.SubElement(parent, "info")
    _fill(
        info,
        ("language", language),
        ("category", entry.category),
        ("event", words.event),
        ("responseType", "AllClear" if warning.message == "Cancel" else "Execute"),
        ("urgency", "Past" if warning.message == "Cancel" else _URGENCY[entry.warning_level]),
        ("severity", _SEVERITY[entry.warning_level]),
        ("certainty", entry.certainty),
        ("effective", local_time(warning.sent_at)),
        ("onset", local_time(entry.onset_at or warning.sent_at)),
        ("expires", local_time(entry.expires_at)),
        ("senderName", sender),
        ("headline", words.headline),
        ("description", words.description),
        ("instruction", words.instruction),
        ("web", f"{issuer.public_url}/public/warnings/{warning.identifier}.xml"),
        ("contact", entry.contact),
    )
    for name, level in (("warningLevel", entry.warning_level), ("eventLevel", entry.event_level)):
        parameter = ET.SubElement(info, "parameter")
        _fill(parameter, ("valueName", name), ("value", str(level)))
    area = ET.SubElement(info, "area")
    _fill(area, ("areaDesc", words.area))
    if entry.polygon is not None:
        _fill(area, ("polygon", _ring(entry.polygon)))
    if entry.circle is not None:
        _fill(area, ("circle", f"{_point(entry.circle.center)} {entry.circle.radius_km:g}"))


def _fill(parent: ET.Element, *members: tuple[str, str]) -> None:
    for name, text in members:
        if text:
            ET.SubElement(parent, name).text = text


def _point(position: Position) -> str:
    return f"{position.latitude:.6f},{position.longitude:.6f}"


def _ring(corners: Iterable[Position]) -> str:
    points = [_point(corner) for corner in corners]
    return " ".join([*points, points[0]])
