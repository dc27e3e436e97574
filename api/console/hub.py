"""The hub's API as a person who is signed in reaches it: the same routes, rights and limits as for anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from api.languages import Language

API = "http://hub/api/v1"


class Refused(Exception):
    """The API said no; the text says what to do, in the reader's language. ``faults`` are place and reason of each."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.word = str(problem.get("type", "")).rpartition(":")[2]
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.faults = [(str(each["location"]), str(each["detail"])) for each in problem.get("errors", [])]
        super().__init__("\n".join([self.detail, *(f"{place}: {reason}" for place, reason in self.faults)]))


class SessionOver(Exception):
    """Nobody is signed in any more: logged out somewhere, disabled, or away for too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``etag`` goes into ``if_match`` of a change."""

    body: Any
    etag: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose browser it is, for the audit trail and for limits by address."""

    address: str
    agent: str


async def call(
    app: FastAPI,
    origin: Origin,
    language: Language,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """One request to the API in this process; ``path`` begins after /api/v1. Refused for every answer from 400 on."""
    sent = {"Accept-Language": language, "User-Agent": origin.agent, **(headers or {})}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    given = {name: value for name, value in (query or {}).items() if value is not None}
    transport = httpx.ASGITransport(app, client=(origin.address, 0))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        response = await client.request(method, f"{API}{path}", headers=sent, params=given, json=body, timeout=None)
    if response.status_code >= 400:
        raise Refused(response.status_code, response.json())
    return response
