"""Alarms of other monitors, as Prometheus's Alertmanager sends them (webhook, version 4), taken in as reports.

Labels say what an alarm is: ``hazard_type`` (needed), ``grade`` 1 to 4 or ``severity``, ``place``, ``longitude`` and
``latitude`` in degrees. Alertmanager drops what is refused, so an alarm that can't be taken goes to quarantine, where
a person sees it, and its neighbours are taken all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from alerts.intake import Report, ReportError, note_over, take_report
from api.access.caller import Caller
from api.access.guard import PusherOf, TokenRoute
from api.answers import answers
from api.context import Now, Reach
from api.fields import Instant
from database.pool import Connection
from ingest.quarantine import Rejected, hold

PREFIX = "/ingress"
TOPIC = "ingress/alertmanager"
router = APIRouter(prefix=PREFIX, tags=["ingress"], route_class=TokenRoute)
_OLDEST = timedelta(days=30)
_MOST_TEXT = 500
_GRADES: Mapping[str, int] = MappingProxyType(
    {"critical": 1, "page": 1, "error": 2, "high": 2, "warning": 3, "info": 4, "none": 4}
)
_USUAL_GRADE = 3
Words = Annotated[
    dict[
        Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")],
        Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")],
    ],
    Field(max_length=64),
]


class Alarm(BaseModel):
    """One alarm; what isn't named here is passed over."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Words
    annotations: Words = {}
    startsAt: Instant
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{1,32}$", description="Tells alarms apart")]


class Notification(BaseModel):
    """What Alertmanager posts."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    alerts: Annotated[list[Alarm], Field(max_length=1000)]


class TakenAlarms(BaseModel):
    """What became of the alarms."""

    taken: int = Field(description="Reports that opened an incident or joined one")
    repeated: int = Field(description="Known before")
    resolved: int = Field(description="Noted on their incidents, which a person verifies")
    held: int = Field(description="Couldn't be taken: in quarantine, with the reason")


@router.post(
    "/alertmanager",
    summary="Take in alarms of other monitors",
    description="For Prometheus's Alertmanager and whatever posts like it (webhook, version 4). Each firing alarm is a"
    " report of source `system`, once however often it comes: it joins the open incident nearby that it is about, or"
    " opens one. Labels: `hazard_type`, one of the rules or of what people report, is needed; `grade` 1 (red) to 4"
    " (blue), else `severity`; `place`; `longitude` and `latitude`, WGS 84. A resolved one is noted on its incident."
    " Needs the role device.",
    responses=answers({"taken": 1, "repeated": 0, "resolved": 0, "held": 0}, acts=True),
)
async def take_alarms(store: Reach, now: Now, caller: PusherOf, given: Notification) -> TakenAlarms:
    counts = dict.fromkeys(TakenAlarms.model_fields, 0)
    held: list[Rejected] = []
    async with store.writing() as connection:
        for alarm in given.alerts:
            try:
                counts[await _take(connection, alarm, caller, now)] += 1
            except ReportError as error:
                held.append(Rejected(TOPIC, orjson.dumps(alarm.model_dump(mode="json")), str(error), now))
        if held:
            await hold(connection, held)
    return TakenAlarms(**counts | {"held": len(held)})


async def _take(connection: Connection, alarm: Alarm, caller: Caller, now: datetime) -> str:
    reference = f"{alarm.fingerprint}-{alarm.startsAt:%Y%m%dT%H%M%S}"
    if alarm.status == "resolved":
        noted = await note_over(connection, "system", reference, caller.actor, now)
        return "resolved" if noted else "repeated"
    async with connection.transaction():  # one that is refused leaves nothing of itself
        taken = await take_report(connection, _report(alarm, reference, now), caller.actor)
    return "repeated" if taken.repeated else "taken"


def _report(alarm: Alarm, reference: str, now: datetime) -> Report:
    labels, said = alarm.labels, alarm.annotations
    if not now - _OLDEST <= alarm.startsAt <= now + timedelta(minutes=5):
        at = alarm.startsAt.isoformat()
        raise ReportError(zh=f"startsAt {at} 不在最近 30 天内", en=f"startsAt {at} is not within the last 30 days")
    place = labels.get("place") or labels.get("instance") or labels.get("alertname") or "?"
    text = said.get("description") or said.get("summary") or labels.get("alertname") or "?"
    return Report(
        source="system",
        hazard_type=labels.get("hazard_type", ""),
        grade=_grade(labels),
        place=" ".join(place.split())[:200],
        text=text[:_MOST_TEXT],
        reported_at=alarm.startsAt,
        longitude=_degrees(labels, "longitude"),
        latitude=_degrees(labels, "latitude"),
        reference=reference,
    )


def _grade(labels: Mapping[str, str]) -> int:
    if "grade" in labels:
        if labels["grade"] not in {"1", "2", "3", "4"}:
            raise ReportError(
                zh=f"标签 grade 为 1（红色）至 4（蓝色），不能是 {labels['grade']!r}",
                en=f"the label grade is 1 (red) to 4 (blue), not {labels['grade']!r}",
            )
        return int(labels["grade"])
    return _GRADES.get(labels.get("severity", "").lower(), _USUAL_GRADE)


def _degrees(labels: Mapping[str, Any], name: str) -> float | None:
    try:
        return float(labels[name]) if name in labels else None
    except ValueError as error:
        raise ReportError(
            zh=f"标签 {name} 的单位是度，不能是 {labels[name]!r}",
            en=f"the label {name} is in degrees, not {labels[name]!r}",
        ) from error
