"""Open consoles without their browsers: each takes a page and its snapshots and holds its socket, as a browser does."""

import re
import time
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from lifeline.errors import HubError

_QUERY = re.compile(r"^\s*query: (\{.*\}),$", re.MULTILINE)  # as Python writes it
_SNAPSHOTS = {"/board": ("board",), "/map": ("map", "board")}
_ACKNOWLEDGE_S = 3.0
_PING, _PONG, _JOIN, _EVENT = "2", "3", "40", "42"


@dataclass(slots=True)
class Desk:
    """A console of the person ``name`` at ``address``; ``heard`` is called with what its socket brings."""

    address: str
    name: str
    password: str
    heard: Callable[[str], None]
    received_bytes: int = 0
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False))

    async def sign_in(self) -> None:
        """At the entrance; HubError when nobody is let in."""
        form = {"name": self.name, "password": self.password, "next": "/console/me"}
        answer = await self._http.post(
            f"{self.address}/console/sign-in", data=form, headers={"Origin": self.address}, timeout=None
        )
        if answer.status_code != 303:
            raise HubError(f"{self.name} was not let in at the console: {answer.status_code}")

    async def look(self, path: str, shown: Callable[[float], None]) -> None:
        """Keep a page open until cancelled; ``shown`` gets the milliseconds until all that it shows was there."""
        began = time.perf_counter()
        page = await self._http.get(f"{self.address}/console{path}", headers={"Accept": "text/html"}, timeout=None)
        query = _QUERY.search(page.text)
        if page.status_code != 200 or query is None:
            raise HubError(f"the console's page {path} was answered with {page.status_code}")
        asked = {**literal_eval(query[1]), "tab_id": str(uuid4()), "document_id": str(uuid4())}
        given = urlencode({**asked, "implicit_handshake": "true", "EIO": 4, "transport": "websocket"})
        host = urlsplit(self.address).netloc
        cookies = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        async with connect(
            f"ws://{host}/console/_nicegui_ws/socket.io/?{given}",
            origin=Origin(self.address),
            additional_headers={"Cookie": cookies},
            max_size=None,
            proxy=None,
        ) as socket:
            await socket.recv()
            await socket.send(_JOIN)
            for name in _SNAPSHOTS[path]:
                (await self._http.get(f"{self.address}/console/live/{name}", timeout=None)).raise_for_status()
            shown((time.perf_counter() - began) * 1000)
            await self._listen(socket, str(asked["client_id"]))

    async def _listen(self, socket: ClientConnection, client_id: str) -> None:
        acknowledged = time.monotonic()
        async for said in socket:
            text = said if isinstance(said, str) else said.decode()
            self.received_bytes += len(text)
            if text == _PING:
                await socket.send(_PONG)
            elif text.startswith(_EVENT):
                self.heard(text)
                if time.monotonic() > acknowledged + _ACKNOWLEDGE_S:
                    acknowledged = time.monotonic()
                    number = orjson.loads(text[len(_EVENT) :])[1]["_id"]
                    body = orjson.dumps(["ack", {"client_id": client_id, "next_message_id": number + 1}]).decode()
                    await socket.send(f"{_EVENT}{body}")

    async def leave(self) -> None:
        """Close the connections."""
        await self._http.aclose()
