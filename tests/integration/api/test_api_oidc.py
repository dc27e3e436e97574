"""Log-in at an OpenID Connect provider, which runs beside the test and signs what it says."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import RSAKey
from test_api_generated import serving

from api.access.oidc import Provider
from api.app import create_app

CALLBACK = "http://hub/api/v1/auth/oidc/callback"


class Identity:
    """A provider: one code, and claims that a test may falsify."""

    def __init__(self, now: datetime) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.signs = self.key
        self.claims: dict[str, Any] = {
            "sub": "8001",
            "preferred_username": "wang",
            "name": "王值班",
            "roles": ["staff", "duty"],
            "aud": "lifeline",
            "exp": int(now.timestamp()) + 300,
        }
        self.issuer, self.asked = "", {}
        self.app = FastAPI()

        @self.app.get("/.well-known/openid-configuration")
        async def configuration() -> dict[str, str]:
            return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip

        @self.app.get("/keys")
        async def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @self.app.post("/token")
        async def token(request: Request) -> dict[str, Any]:
            self.asked = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            claims = {"iss": self.issuer, **self.claims}
            signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signs)
            return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


async def log_in(client: httpx.AsyncClient, identity: Identity, **falsified: Any) -> httpx.Response:
    sent = await client.get("/auth/oidc")
    assert sent.status_code == 302, sent.text
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", CALLBACK)
    identity.claims["nonce"] = asked["nonce"]
    identity.claims |= falsified
    return await client.get("/auth/oidc/callback", params={"code": "c1", "state": asked["state"], "iss": "x"})


async def test_who_the_provider_knows_is_let_in_by_the_role_of_the_claim(
    pool: asyncpg.Pool, now: datetime, unlimited: Any, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/auth/oidc")).status_code == 404
    identity = Identity(now)
    async with serving(identity.app) as identity.issuer:
        provider = Provider(identity.issuer, "lifeline", "secret", CALLBACK, {"duty": "officer", "boss": "leader"})
        app = create_app(pool, clock=lambda: now, limits=unlimited, provider=provider)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
            answer = await log_in(client, identity)
            assert answer.status_code == 200, answer.text
            assert len(identity.asked["code_verifier"]) > 40
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            me = (await client.get("/auth/me", headers=bearer)).json()
            assert (me["name"], me["role"]) == ("oidc.wang", "officer")
            promoted = await log_in(client, identity, roles="boss")
            bearer = {"Authorization": f"Bearer {promoted.json()['access_token']}"}
            assert (await client.get("/auth/me", headers=bearer)).json()["role"] == "leader"
            state = "replayed"
            again = await client.get("/auth/oidc/callback", params={"code": "c1", "state": state})
            assert again.status_code == 401
            for falsified in (
                {"roles": ["staff"]},
                {"roles": "boss", "aud": "another"},
                {"aud": "lifeline", "exp": int(now.timestamp()) - 300},
                {"exp": int(now.timestamp()) + 300, "iss": "https://elsewhere"},
                {"iss": identity.issuer, "preferred_username": "../admin"},
            ):
                assert (await log_in(client, identity, **falsified)).status_code == 401, falsified
            identity.signs = RSAKey.generate_key(2048, {"kid": "1"})
            assert (await log_in(client, identity, preferred_username="wang")).status_code == 401
            identity.signs = identity.key
            assert (await log_in(client, identity)).status_code == 200
            await pool.execute("UPDATE account SET disabled_at = $1 WHERE name = 'oidc.wang'", now)
            assert (await log_in(client, identity)).status_code == 401


@pytest.mark.parametrize("name", ["oidc.wang", "admin"])
async def test_no_password_fits_such_an_account(stranger: httpx.AsyncClient, name: str) -> None:
    assert (await stranger.post("/auth/login", json={"name": name, "password": ""})).status_code == 401
