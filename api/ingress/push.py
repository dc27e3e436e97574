"""HTTP ingress: what platforms push goes to the broker as it came, and on to where MQTT messages go.

The platform gets its 200 once the broker has acknowledged, and from there the message is read, judged or quarantined
like any other. Anything but a 200 means that the message was not taken, so that a platform that repeats loses nothing.
The address has no version in it: people enter it in a platform's console, once for years.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from api.access.guard import PusherOf, TokenRoute
from api.answers import answers
from api.context import context_of
from api.ingress.intake import check_at_hand
from ingest.formats.uplink import MAX_MESSAGE_BYTES

PREFIX = "/ingress"
MAX_BODY_BYTES = MAX_MESSAGE_BYTES
router = APIRouter(prefix=PREFIX, tags=["ingress"], route_class=TokenRoute)


class Taken(BaseModel):
    """The broker has the message."""

    size_bytes: int = Field(description="Length of the body that was taken", json_schema_extra={"x-unit": "byte"})


_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The message as the platform sends it. It is read later: what can't be goes to quarantine.",
        "required": True,
        "content": {
            "application/json": {"schema": {}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "/{format}",
    summary="Take in what a platform pushes",
    description="For CTWing, OneNET, Huawei IoTDA and other platforms that push over HTTP, and for devices that speak"
    " Lifeline's own format with `sensor` in each reading. The answer is 200 once the broker keeps the message; after"
    " any other answer it must be sent again. Needs the role device, whose key may come as `?token=KEY` as well.",
    responses=answers({"size_bytes": 412}, 404, acts=True),
    openapi_extra=_BODY,
)
async def push(
    request: Request,
    _caller: PusherOf,
    name: Annotated[str, Path(alias="format", description="native, ctwing, onenet, iotda… as switched on")],
) -> Taken:
    intake = check_at_hand(context_of(request).intake)
    message = await request.body()
    await intake.take(name, message)
    return Taken(size_bytes=len(message))
