"""Clients that connect and then take their time, to ask or to read the answer, or never come to the point."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PatientProtocol(HttpToolsProtocol):
    """Hangs up on who doesn't finish the head of a request in time or in ``head_bytes``, or takes nothing of the answer
    for too long.

    uvicorn itself would wait for ever, and keep all that comes. A body has its own limit, see ``api.body_limit``;
    between two requests uvicorn's keep-alive counts.
    """

    head_within_s = 10.0
    head_bytes = 65_536
    stalls_for_s = 30.0
    _pending_bytes = 0  # since a head or a piece of a body was complete: of heads, trailers, sizes of chunks
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _handed_over = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head = self.loop.call_later(self.head_within_s, self._give_up)

    def data_received(self, data: bytes) -> None:
        self._pending_bytes += len(data)
        super().data_received(data)
        if self._handed_over or self.transport.is_closing():
            return
        if self._pending_bytes > self.head_bytes:
            self._refuse()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            _cancel(self._head)
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self.head_within_s, self._give_up)

    def on_headers_complete(self) -> None:
        self._pending_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending_bytes = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket may be silent for long; its own pings find out who is gone."""
        self._handed_over = True
        _cancel(self._head)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self.stalls_for_s, self.transport.abort)

    def resume_writing(self) -> None:
        _cancel(self._stall)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head)
        _cancel(self._stall)
        super().connection_lost(exc)

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response("The head of the request is too long.")
        else:  # what it asked before is being answered
            self.transport.abort()

    def _give_up(self) -> None:
        self._head = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
