"""Style, script and icons: a few kilobytes, kept by the phone for as long as they are the same."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Response

from api.address import SQUAD_PAGE
from api.errors import NotFound

_FOLDER = Path(__file__).parent / "assets"
_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".html": "text/html; charset=utf-8",
}
_FILES = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir())}
VERSION = hashlib.sha256(b"\0".join(_FILES.values())).hexdigest()[:12]
"""Stands in the addresses of assets, so that a changed one is fetched and others are not."""

_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_ANEW = {"Cache-Control": "no-cache"}
_OFFLINE_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'"}
_WORKER_POLICY = "default-src 'none'; connect-src 'self'"
router = APIRouter(prefix=SQUAD_PAGE, include_in_schema=False)


@router.get("/assets/{name}")
async def squad_asset(name: str) -> Response:
    content = _FILES.get(name)
    if content is None:
        raise NotFound(zh="没有这个文件。", en="There is no such file.")
    policy = _OFFLINE_POLICY if name.endswith(".html") else {}
    return Response(content, headers={**_KEPT, **policy}, media_type=_MEDIA[Path(name).suffix])


@router.get("/worker.js")
async def squad_worker() -> Response:
    """The service worker, for everything below the page's own address; its text changes with the assets."""
    script = _FILES["worker.js"].replace(b"VERSION", VERSION.encode())
    headers = {**_ASKED_ANEW, "Service-Worker-Allowed": "/squad", "Content-Security-Policy": _WORKER_POLICY}
    return Response(script, headers=headers, media_type=_MEDIA[".js"])
