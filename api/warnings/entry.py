"""What a warning says, as a person enters it, and what the hub proposes for an incident.

The fields follow 粤府办〔2012〕77号: issuer, time, category, start, area, level, cautions, development, measures and
contact.
Warning level and event level are two scales of the law (突发事件应对法): what may come, and what has happened.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.fields import Grade, Instant, Position, Strict
from api.validation import misfit

Status = Literal["Actual", "Exercise", "Test"]
Category = Literal["Geo", "Met", "Safety", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely"]
# XML can't hold other control characters, nor halves of surrogate pairs.
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]+$")]
Paragraph = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]*$")]

_LASTS = timedelta(hours=6)
_RADIUS_KM = 0.3
_CATEGORY: dict[str, Category] = {"gas": "CBRNE", "waterlogging": "Met", "manhole": "Infra", "noise": "Env"}
_MEASURES = {
    "gas": (
        "请立即撤离并远离该区域，不要使用明火和电器开关，不要进入井下或地下空间。",
        "Leave the area and stay away. No open fire, no electric switches, and do not enter wells or cellars.",
    ),
    "waterlogging": (
        "请绕行积水路段，不要驾车涉水，远离井口、电线杆和地下空间。",
        "Take another way. Do not drive into the water; keep away from manholes, power poles and cellars.",
    ),
    "manhole": (
        "请车辆和行人绕行，注意避让，不要移动现场围挡。",
        "Vehicles and pedestrians, take another way and leave the barriers where they are.",
    ),
}
_MEASURES_OTHERWISE = ("请留意后续通知。", "Please watch for further notice.")


class Words(Strict):
    """The text in one language."""

    event: Line = Field(description="What sort of event it is")
    headline: Line
    description: Paragraph = Field("", description="What happened and how it may develop")
    instruction: Paragraph = Field("", description="Cautions and measures")
    area: Line = Field(description="Where, in words")


class Circle(Strict):
    """All within a radius."""

    center: Position
    radius_km: float = Field(ge=0.001, le=200, json_schema_extra={"x-unit": "km"})


def _only(given: str, absent: str, form: str) -> dict[str, Any]:
    return {"properties": {given: {"type": form}, absent: {"type": "null"}}, "required": [given]}


class Area(Strict):
    """All within a polygon or a circle."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [_only("polygon", "circle", "array"), _only("circle", "polygon", "object")]},
    )

    polygon: Annotated[list[Position], Field(min_length=3, max_length=100)] | None = Field(
        None, description="Corners in order, each once", json_schema_extra={"uniqueItems": True}
    )
    circle: Circle | None = Field(None, description="Either this or a polygon")

    @model_validator(mode="after")
    def _one_area(self) -> "Area":
        if (self.polygon is None) == (self.circle is None):
            raise misfit(zh="polygon 与 circle 须填且只填一项", en="give a polygon or a circle, and not both")
        corners = [(corner.longitude, corner.latitude) for corner in self.polygon or ()]
        if len(set(corners)) < len(corners):
            raise misfit(
                zh="多边形的每个顶点只写一次，首尾会自动闭合",
                en="name each corner of the polygon once; it is closed by itself",
            )
        return self


class NamedArea(Area):
    """An area and what it is called in both languages."""

    zh: Line = Field(examples=["南街街道"])
    en: Line = Field(examples=["Nanjie"])


class WarningEntry(Area):
    """All that a warning says."""

    status: Status = Field("Actual", description="Exercise for drills: it is not shown among real ones")
    category: Category
    event_level: Grade
    warning_level: Grade
    certainty: Certainty = "Observed"
    zh: Words
    en: Words
    onset_at: Instant | None = Field(None, description="When it begins; null: with the release")
    expires_at: Instant
    contact: Line


class Proposal(BaseModel):
    """What is known of an incident."""

    incident_id: int
    kind: str
    grade: Grade
    title_zh: str
    title_en: str
    town_zh: str | None
    town_en: str | None
    longitude: float | None
    latitude: float | None
    responsible_phone: str | None
    reasons_zh: str
    reasons_en: str


def propose(
    row: asyncpg.Record, now: datetime, *, status: Status, area: NamedArea | None = None
) -> WarningEntry | None:
    """The draft for an incident, for a person to read and correct; None for one that has no place, without ``area``."""
    known = Proposal(**dict(row))
    zh, en = _MEASURES.get(known.kind, _MEASURES_OTHERWISE)
    if area is None:
        if known.longitude is None or known.latitude is None:
            return None
        center = Position(longitude=known.longitude, latitude=known.latitude)
        circle = Circle(center=center, radius_km=_RADIUS_KM)
        area = NamedArea(zh=known.town_zh or "广宁县", en=known.town_en or "Guangning", polygon=None, circle=circle)
    return WarningEntry(
        status=status,
        category=_CATEGORY.get(known.kind, "Other"),
        event_level=known.grade,
        warning_level=known.grade,
        zh=Words(**_words(known.title_zh, known.reasons_zh, zh, area.zh)),
        en=Words(**_words(known.title_en, known.reasons_en, en, area.en)),
        polygon=area.polygon,
        circle=area.circle,
        onset_at=None,
        expires_at=now + _LASTS,
        contact=known.responsible_phone or "12319",
    )


def _words(title: str, reasons: str, measures: str, area: str) -> dict[str, Any]:
    return {
        "event": title[:200],
        "headline": title[:200],
        "description": reasons[:2000],
        "instruction": measures,
        "area": area[:200],
    }
