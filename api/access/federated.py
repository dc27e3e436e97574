"""The two addresses of a log-in at the county's own identity provider; without one they aren't there."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import ConfigDict, Field

from api.access.caller import address_of
from api.access.login import GRANTED, Granted, granted, origin_of
from api.access.passwords import hash_password, one_time_password
from api.access.sessions import begin_session
from api.address import PREFIX
from api.answers import answers
from api.audit.trace import Trace, act_for
from api.context import Now, Reach, context_of
from api.errors import NotFound, WrongCredentials
from api.fields import Asked
from database.queries import load_queries

if TYPE_CHECKING:
    from api.access.oidc import Provider

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_COOKIE = "lifeline_oidc"
_PATH = "/api/v1/auth/oidc"
_LASTS_S = 600
router = APIRouter(prefix=f"{PREFIX}/auth/oidc", tags=["auth"])


class Answer(Asked):
    """What the provider adds to the address."""

    model_config = ConfigDict(extra="ignore")  # providers add what they like

    code: Annotated[str, Field(max_length=2000, pattern=r"^[!-~]+$", description="What the tokens are fetched with")]
    state: Annotated[str, Field(max_length=200, pattern=r"^[!-~]+$", description="That of the log-in that was begun")]


def _provider(request: Request) -> "Provider":
    found = context_of(request).provider
    if found is None:
        raise NotFound(
            zh="未设置统一身份认证；请用 /api/v1/auth/login 登录。",
            en="No identity provider is set: log in at /api/v1/auth/login.",
        )
    return found


@router.get(
    "",
    summary="Log in at the identity provider",
    description="Sends the browser to the county's OpenID Connect provider. 404 where none is set. Needs no key.",
    response_class=RedirectResponse,
    status_code=302,
    responses=answers(None, 401, 404, keyed=False, status=302),
)
async def begin_federated(request: Request, now: Now) -> RedirectResponse:
    provider = _provider(request)
    context_of(request).throttles.login.take(address_of(request), now)
    address, state = await provider.begin(now)
    answer = RedirectResponse(address, 302)
    tls = request.url.scheme == "https"
    # The browser that began has to be the one that comes back, or somebody could be logged in as somebody else.
    answer.set_cookie(_COOKIE, state, max_age=_LASTS_S, path=_PATH, httponly=True, secure=tls, samesite="lax")
    return answer


@router.get(
    "/callback",
    summary="Come back from the identity provider",
    description="Where the provider sends the browser: answers tokens as a log-in does. The account is made with the"
    " first log-in; its role follows the provider's claim with each. 404 where none is set. Needs no key.",
    responses=answers(GRANTED, 401, 404, keyed=False),
)
async def finish_federated(request: Request, store: Reach, now: Now, answer: Annotated[Answer, Query()]) -> Granted:
    provider = _provider(request)
    context_of(request).throttles.login.take(address_of(request), now)
    if not secrets.compare_digest(request.cookies.get(_COOKIE, "").encode(), answer.state.encode()):
        raise WrongCredentials(
            zh="请从头登录：此次登录不是在这个浏览器中开始的。", en="Log in anew: this log-in began in another browser."
        )
    person = await provider.finish(answer.code, answer.state, now)
    origin = origin_of(request)
    nobody_knows = await hash_password(one_time_password())
    async with store.writing() as connection:
        trace = Trace(now, f"user:{person.name}", person.role, origin.address, origin.request_id, "log_in")
        await act_for(connection, trace)
        put = await connection.fetchval(_SQL.put, person.name, person.full_name, person.role, nobody_knows, now)
    if put is None:
        raise WrongCredentials(zh="该用户已停用，请联系管理员。", en="The user is disabled: ask the administrator.")
    return granted(await begin_session(store, person.name, person.role, origin, now))
