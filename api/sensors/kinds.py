"""The sensor kinds, as ``ingest.kinds`` describes them."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.fields import Bilingual
from ingest import kinds

router = APIRouter(prefix=PREFIX, tags=["kinds"], route_class=GuardedRoute)


class Quantity(BaseModel):
    """A measured number of a kind."""

    name: str = Field(description="Its key in readings; ends in the unit")
    label: Bilingual
    unit: str = Field(description="Unit of values, limits and resolution; 1 for a count")
    minimum: float = Field(description="Lowest value that is accepted")
    maximum: float = Field(description="Highest value that is accepted")
    resolution: float = Field(description="The step to which answers are rounded")
    mean: Literal["arithmetic", "energy"] = Field(
        description="How a mean over time is formed; energy: 10·lg(mean(10^(L/10)))"
    )


class State(BaseModel):
    """A word that a sensor of a kind reports."""

    name: str = Field(description="Its key in readings")
    label: Bilingual
    words: list[str] = Field(description="What it can be, the harmless word first")


class Kind(BaseModel):
    """A kind of sensor and what it reports."""

    kind: str
    label: Bilingual
    interval_s: int = Field(
        description="How often a sensor of this kind usually reports", json_schema_extra={"x-unit": "s"}
    )
    quantities: list[Quantity]
    states: list[State]


class Kinds(BaseModel):
    """All kinds."""

    items: list[Kind]


def _kind(kind: kinds.Kind) -> Kind:
    return Kind(
        kind=kind.name,
        label=Bilingual(zh=kind.zh, en=kind.en),
        interval_s=kind.interval_s,
        quantities=[
            Quantity(
                name=quantity.name,
                label=Bilingual(zh=quantity.zh, en=quantity.en),
                unit=quantity.unit,
                minimum=quantity.minimum,
                maximum=quantity.maximum,
                resolution=quantity.resolution,
                mean=quantity.mean,
            )
            for quantity in kind.quantities
        ],
        states=[
            State(name=column.name, label=Bilingual(zh=column.zh, en=column.en), words=list(column.words))
            for column in kind.columns
            if isinstance(column, kinds.State)
        ],
    )


_ALL = Kinds(items=[_kind(kind) for kind in kinds.KINDS.values()])


@router.get(
    "/kinds",
    summary="Kinds of sensors",
    description="Every kind with the quantities and states that it reports, their units, ranges and resolution.",
    responses=answers({"items": [_ALL.items[0].model_dump()]}),
)
async def list_kinds(_caller: CallerOf) -> Kinds:
    return _ALL
