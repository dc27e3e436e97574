"""Every route that asks who calls: the secret, the role, the scope and the rate come before anything else."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer

from api.access import idempotency
from api.access.caller import Caller, address_of, identify, sent_secret
from api.access.roles import PERMISSIONS, Role
from api.audit.trace import Trace
from api.console.texts import texts_in
from api.console.words import ROLES
from api.context import Context, context_of
from api.errors import Forbidden, PasswordChangeNeeded, Unauthenticated

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_WITH_ONE_TIME_PASSWORD = frozenset({"show_me", "change_password", "log_out"})


def refuse_role(role: Role, allowed: frozenset[Role]) -> None:
    """Forbidden unless ``role`` is one of those ``allowed``."""
    if role not in allowed:
        own_zh, *allowed_zh = (texts_in("zh").word(ROLES, name) for name in (role, *sorted(allowed)))
        raise Forbidden(
            zh=f"{own_zh}无权这样做；需要的角色：{'、'.join(allowed_zh)}。",
            en=f"The role {role} may not do it: it takes {', '.join(sorted(allowed))}.",
        )


class GuardedRoute(APIRoute):
    """A route that looks at who calls before it looks at anything else of the request, even at malformed JSON.

    Which roles may use it stands in ``PERMISSIONS`` under its name. Nothing here logs an address with its query, which
    may hold a token; a proxy in front of the hub may.
    """

    by_token = False  # whether ``?token=`` will do, for platforms that can't set headers

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        allowed, tags = PERMISSIONS[self.name], {str(tag) for tag in self.tags}

        async def guarded(request: Request) -> Response:
            context = context_of(request)
            caller = request.state.caller = await _identify(request, context, by_token=self.by_token)
            refuse_role(caller.role, allowed)
            _refuse_scope(caller, tags)
            if caller.must_change_password and self.name not in _WITH_ONE_TIME_PASSWORD:
                raise PasswordChangeNeeded
            if caller.role != "device":  # a platform speaks for thousands of sensors; the broker bounds it
                context.throttles.caller.take(caller.actor, context.clock())
            request.state.trace = Trace(
                at=context.clock(),
                actor=caller.actor,
                role=caller.role,
                address=address_of(request),
                request_id=request.scope.get("lifeline.request_id", ""),
                action=self.name,
            )
            if request.method == "POST":
                return await idempotency.once(request, caller.actor, handle)
            return await handle(request)

        return guarded


class TokenRoute(GuardedRoute):
    """A guarded route that takes the key from the address as well."""

    by_token = True


async def _identify(request: Request, context: Context, *, by_token: bool) -> Caller:
    now = context.clock()
    try:
        secret = sent_secret(request.headers, request.query_params if by_token else None)
        return await identify(context.store, secret, now)
    except Unauthenticated:
        context.throttles.refused.take(address_of(request), now)
        raise


def _refuse_scope(caller: Caller, tags: set[str]) -> None:
    if caller.scopes and not tags & set(caller.scopes):
        scopes, wanted = ", ".join(caller.scopes), ", ".join(sorted(tags))
        raise Forbidden(
            zh=f"此密钥只适用于 {scopes}，不适用于 {wanted}。",
            en=f"This key is good for {scopes} only, not for {wanted}.",
        )


_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="An access token or a key as a bearer token")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="apiKey", description="A key by itself")
_TOKEN = APIKeyQuery(name="token", auto_error=False, scheme_name="token", description="A key in the address")


async def _caller(
    request: Request, _bearer: Annotated[object, Depends(_BEARER)], _header: Annotated[object, Depends(_HEADER)]
) -> Caller:
    """The caller. The unused parameters put the ways to send a key into OpenAPI."""
    found: Caller = request.state.caller
    return found


async def _pusher(caller: Annotated[Caller, Depends(_caller)], _token: Annotated[object, Depends(_TOKEN)]) -> Caller:
    return caller


CallerOf = Annotated[Caller, Depends(_caller)]
PusherOf = Annotated[Caller, Depends(_pusher)]
