"""Where drills are held: outside the API, which only asks for them."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import BaseModel, Field

from api.fields import Bilingual, Place, SquadId, Strict


class Drill(BaseModel):
    """A script that can be played."""

    name: str
    title: Bilingual
    duration_s: int = Field(description="So long it takes", json_schema_extra={"x-unit": "s"})
    wanted: int = Field(description="Outcomes that are wanted")


class DrillStart(Strict):
    """Who takes part."""

    squads: list[SquadId] = Field([], max_length=200, description="Only these; all when none is named")
    people: list[Place] = Field([], max_length=200, description="Contacts who are told; nobody when none is named")
    seed: int | None = Field(None, ge=0, le=2**31 - 1, description="Another one than the drill's own")


class Stage(Protocol):
    """Who knows the drills and holds them, outside the API."""

    def drills(self) -> Sequence[Drill]:
        """Those that ship."""

    async def start(self, drill: str, start: DrillStart) -> None:
        """Begin one; it goes on by itself."""
