"""Where the console hangs in the app. It is loaded once the API serves, since its libraries take a second to read."""

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/console"
_STARTING = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Lifeline</title></head>
<body><p>值班台正在启动，请稍候。</p><p lang="en">The console is starting: one moment.</p></body></html>
"""


class Door:
    """ASGI app: a page that asks again each second, until ``inside`` is there to answer."""

    def __init__(self) -> None:
        self.inside: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.inside is not None:
            await self.inside(scope, receive, send)
        elif scope["type"] == "http":
            await HTMLResponse(_STARTING, 503, {"Retry-After": "1"})(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1013})
