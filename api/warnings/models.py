"""What the routes of public warnings take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.fields import Maybe, Paging, RowRef, Strict
from api.validation import misfit
from api.warnings.entry import NamedArea, Paragraph, Status, WarningEntry

State = Literal["draft", "approved", "released", "superseded", "cancelled", "discarded"]


class PublicWarning(BaseModel):
    """One message to the public, or one to be."""

    warning_id: int
    identifier: str | None = Field(description="Given at the release; names the CAP file")
    message: Literal["Alert", "Update", "Cancel"]
    state: State
    replaces: int | None = Field(description="The message that this one updates or cancels")
    incident_id: int | None
    entry: WarningEntry
    drafted_by: str
    edited_by: str
    approved_by: str | None
    released_by: str | None
    drafted_at: datetime
    released_at: datetime | None
    expires_at: datetime


class WarningEvent(BaseModel):
    """A step in the life of a warning."""

    at: datetime
    event: str = Field(description="drafted, edited, approved, released, superseded, cancelled or discarded")
    actor: str
    note: str


class WholeWarning(PublicWarning):
    """A warning and its steps."""

    events: list[WarningEvent]


class NewWarning(Strict):
    """A draft: for an incident, pre-filled with what is known of it, or with an entry of one's own, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"properties": {"incident_id": {"type": "integer"}}, "required": ["incident_id"]},
                {"properties": {"entry": {"type": "object"}}, "required": ["entry"]},
            ]
        },
    )

    incident_id: RowRef | None = None
    status: Status = Field("Actual", description="Of a draft that is pre-filled")
    area: NamedArea | None = Field(
        None, description="Of a draft that is pre-filled: where, instead of around the incident's place"
    )
    entry: WarningEntry | None = None

    @model_validator(mode="after")
    def _of_something(self) -> "NewWarning":
        if self.incident_id is None and self.entry is None:
            raise misfit(zh="请填写 incident_id 或 entry，或两者都填", en="give an incident_id, an entry, or both")
        return self


class Cancellation(Strict):
    """Why there is no danger any more, in both languages."""

    zh: Annotated[Paragraph, Field(min_length=1, examples=["险情已解除。"])]
    en: Annotated[Paragraph, Field(min_length=1, examples=["The danger is over."])]


class WarningFilter(Paging):
    """Which warnings."""

    state: Maybe[Annotated[list[State], Field(max_length=6)]] = Field(None, description="Only these; repeat it")
    status: Maybe[Status] = Field(None, description="Only real ones, exercises or tests")
    incident: Maybe[RowRef] = Field(None, description="Only for the incident of this number")


def _words(event: str, headline: str, area: str) -> dict[str, str]:
    return {"event": event, "headline": headline, "description": "", "instruction": "", "area": area}


EXAMPLE: dict[str, Any] = {
    "warning_id": 3,
    "identifier": None,
    "message": "Alert",
    "state": "draft",
    "replaces": None,
    "incident_id": 5,
    "entry": {
        "status": "Actual",
        "category": "CBRNE",
        "event_level": 2,
        "warning_level": 2,
        "certainty": "Observed",
        "zh": _words("燃气泄漏", "南街燃气泄漏橙色预警", "南街街道"),
        "en": _words("Gas leak", "Orange warning: gas leak at South Street", "Nanjie"),
        "polygon": None,
        "circle": {"center": {"longitude": 112.4406, "latitude": 23.6346}, "radius_km": 0.3},
        "onset_at": None,
        "expires_at": "2026-05-01T14:00:00Z",
        "contact": "12319",
    },
    "drafted_by": "user:wang",
    "edited_by": "user:wang",
    "approved_by": None,
    "released_by": None,
    "drafted_at": "2026-05-01T08:05:00Z",
    "released_at": None,
    "expires_at": "2026-05-01T14:00:00Z",
}
WHOLE = {
    **EXAMPLE,
    "events": [{"at": "2026-05-01T08:05:00Z", "event": "drafted", "actor": "user:wang", "note": ""}],
}
