"""Log in at the county's own identity provider: OpenID Connect, authorization code with PKCE.

Accounts from there are called ``oidc.NAME`` and have no password that anybody knows. Their role comes from a claim,
with every log-in anew; whoever has none of the roles that the settings name isn't let in.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.access.roles import AccountRole
from api.errors import WrongCredentials

_ALGORITHMS = ["RS256", "ES256", "PS256"]
_WAITS_FOR = timedelta(minutes=10)
_MOST_WAITING = 1000
_TIMEOUT_S = 10.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,26}")


@dataclass(frozen=True, slots=True)
class Person:
    """Who logged in, by the provider's account."""

    name: str
    full_name: str
    role: AccountRole


@dataclass(frozen=True, slots=True)
class _Waiting:
    nonce: str
    verifier: str
    until: datetime


@dataclass(slots=True)
class Provider:
    """The provider at ``issuer``; ``roles`` gives the role for a word of the claim ``claim``.

    Its answers come to ``redirect_uri``. Log-ins that have begun are kept in memory, for 10 minutes.
    """

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    roles: Mapping[str, AccountRole]
    claim: str = "roles"
    _waiting: "OrderedDict[str, _Waiting]" = field(default_factory=OrderedDict)

    async def begin(self, now: datetime) -> tuple[str, str]:
        """Where the browser is sent, and the state that it has to bring back."""
        async with self._client() as client:
            found = await self._discover(client)
            nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
            address, state = client.create_authorization_url(
                found["authorization_endpoint"], nonce=nonce, code_verifier=verifier
            )
        self._waiting[state] = _Waiting(nonce, verifier, now + _WAITS_FOR)
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)
        return address, state

    async def finish(self, code: str, state: str, now: datetime) -> Person:
        """Who the provider says it is; WrongCredentials when it, or its answer, can't be relied on."""
        waiting = self._waiting.pop(state, None)
        if waiting is None or waiting.until < now:
            raise refused()
        try:
            async with self._client() as client:
                found = await self._discover(client)
                token = await client.fetch_token(
                    found["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=waiting.verifier
                )
                keys = KeySet.import_key_set(
                    (await client.request("GET", found["jwks_uri"], withhold_token=True)).json()
                )
            claims = jwt.decode(str(token["id_token"]), keys, algorithms=_ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                nonce={"essential": True, "value": waiting.nonce},
                exp={"essential": True},
            ).validate(claims)
        except (httpx.HTTPError, OAuthError, JoseError, KeyError, ValueError) as error:
            raise refused() from error
        return self._person(claims)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        said = claims.get(self.claim)
        words = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        role = next((self.roles[word] for word in words if isinstance(word, str) and word in self.roles), None)
        name = str(claims.get("preferred_username") or claims.get("sub"))
        if role is None or not _NAME.fullmatch(name):  # no name is bent into ours: two might become one
            raise refused()
        return Person(f"oidc.{name}", str(claims.get("name", "")).replace("\0", "")[:100], role)

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.client_id,
            self.client_secret,
            redirect_uri=self.redirect_uri,
            scope="openid profile",
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    async def _discover(self, client: AsyncOAuth2Client) -> dict[str, Any]:
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        found: dict[str, Any] = (await client.request("GET", address, withhold_token=True)).raise_for_status().json()
        if found.get("issuer") != self.issuer:
            raise refused()
        return found


def refused() -> WrongCredentials:
    """The one error for all that may be wrong, so that it tells a stranger nothing."""
    return WrongCredentials(
        zh="统一身份认证未通过，或该用户没有本系统的角色。请重新登录，或联系管理员。",
        en="The identity provider's answer was not accepted, or the user has no role here: log in again.",
    )
