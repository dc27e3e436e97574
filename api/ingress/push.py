"""HTTP ingress: what platforms push goes to the broker as it came, and on to where MQTT messages go.

The platform gets its 200 once the broker has acknowledged, and from there the message is read, judged or quarantined
like any other. Anything but a 200 means that the message was not taken, so that a platform that repeats loses nothing.
The address has no version in it: people enter it in a platform's console, once for years.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from api.access.caller import address_of
from api.access.guard import PusherOf, TokenRoute
from api.answers import answers
from api.context import context_of
from api.errors import NotFound
from api.ingress import onenet
from api.ingress.intake import check_at_hand
from ingest.formats.uplink import MAX_MESSAGE_BYTES

PREFIX = "/ingress"
MAX_BODY_BYTES = MAX_MESSAGE_BYTES
open_router = APIRouter(prefix=PREFIX, tags=["ingress"])
router = APIRouter(prefix=PREFIX, tags=["ingress"], route_class=TokenRoute)


Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OnenetCheck(BaseModel):
    """What OneNET adds to the address."""

    msg: Word = Field(description="Any text, to be sent back")
    nonce: Word = Field(description="Random characters")
    signature: Word = Field(description="Base64 of the MD5 of token, nonce and msg")


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
    token = context_of(request).onenet_token
    if name == "onenet" and token is not None:
        onenet.check_push(token, message)
    await intake.take(name, message)
    return Taken(size_bytes=len(message))


@open_router.get(
    "/onenet",
    summary="OneNET's check of the address",
    description="OneNET asks before it pushes, and wants back the `msg` that it sent. Its signature takes the place of"
    " a key, so LIFELINE_ONENET_TOKEN has to be set.",
    response_class=PlainTextResponse,
    responses={
        **answers(None, 403, 404, keyed=False),
        200: {"description": "The msg", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
async def confirm_onenet(request: Request, asked: Annotated[OnenetCheck, Query()]) -> PlainTextResponse:
    context = context_of(request)
    context.throttles.public.take(address_of(request), context.clock())
    if context.onenet_token is None:
        raise NotFound(
            zh="尚未设置 LIFELINE_ONENET_TOKEN，无法验证 OneNET 的请求。",
            en="LIFELINE_ONENET_TOKEN is not set, so OneNET's request can't be verified.",
        )
    onenet.check(context.onenet_token, asked.msg, asked.nonce, asked.signature)
    return PlainTextResponse(asked.msg)
