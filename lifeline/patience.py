"""Clients that connect and then take their time, to ask or to read the answer."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """Hangs up on who doesn't finish the head of a request in time, or takes nothing of the answer for too long.

    uvicorn itself would wait for ever. A body has its own limit, see ``api.body_limit``; between two requests uvicorn's
    keep-alive counts.
    """

    head_within_s = 10.0
    stalls_for_s = 30.0
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _handed_over = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head = self.loop.call_later(self.head_within_s, self._give_up)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._handed_over:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            _cancel(self._head)
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self.head_within_s, self._give_up)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """A WebSocket may be silent for long; its own pings find out who is gone."""
        self._handed_over = True
        _cancel(self._head)
        super().handle_websocket_upgrade(event)

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

    def _give_up(self) -> None:
        self._head = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
