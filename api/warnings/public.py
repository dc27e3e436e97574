"""What the public reads: a page, an Atom feed, and each message as CAP. No key, no script, no cookie."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from pydantic import Field

from api.access.caller import address_of
from api.answers import answers
from api.context import Issuing, Now, Reach, context_of
from api.errors import NotFound
from api.fields import Asked
from api.store import Store
from api.warnings.cap import LOCAL, Released, as_cap, colour, local_time
from api.warnings.entry import Status, Words
from api.warnings.ledger import released_of
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_ATOM = "http://www.w3.org/2005/Atom"
_CAP_MEDIA = "application/cap+xml"
_SHOWN_FOR = timedelta(days=30)
_MOST_SHOWN = 100
_HEADERS = {"Cache-Control": "public, max-age=30", "Access-Control-Allow-Origin": "*"}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "article{border-left:.6rem solid #888;padding:0 1rem;margin:1.5rem 0}"
    ".red{border-color:#c00}.orange{border-color:#e67300}.yellow{border-color:#d4b400}.blue{border-color:#06c}"
    ".over{opacity:.6}.exercise{background:#eee}small{color:#555}"
)
router = APIRouter(prefix="/public", tags=["public"])
_CHANGES = {"Alert": ("发布", "issued"), "Update": ("更新", "updated"), "Cancel": ("解除", "cancelled")}


class PublicFilter(Asked):
    """Real warnings, or those of drills."""

    status: Status = Field("Actual", description="Exercise shows drills, which are never among real warnings")


def content_of(media_type: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that gives a document."""
    return {
        **answers(None, keyed=False),
        200: {"description": "The document", "content": {media_type: {"schema": {"type": "string"}}}},
    }


async def _shown(request: Request, store: Store, status: Status, now: datetime) -> list[tuple[Released, str]]:
    context_of(request).throttles.public.take(address_of(request), now)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.shown, status, now - _SHOWN_FOR, _MOST_SHOWN)
        return [(await released_of(connection, row), row["state"]) for row in rows]


async def shown_warnings(store: Store, now: datetime) -> list[tuple[Released, bool]]:
    """Real warnings of the last 30 days, the newest first, and whether each is over."""
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.shown, "Actual", now - _SHOWN_FOR, _MOST_SHOWN)
        shown = [(await released_of(connection, row), row["state"]) for row in rows]
    return [(warning, _is_over(warning, state, now)) for warning, state in shown]


def _is_over(warning: Released, state: str, now: datetime) -> bool:
    return state != "released" or warning.message == "Cancel" or warning.entry.expires_at <= now


@router.get(
    "/warnings",
    summary="The public page of warnings",
    description="HTML in Chinese and English, the newest first, of the last 30 days.",
    response_class=Response,
    responses=content_of("text/html"),
)
async def show_public_page(
    request: Request, store: Reach, now: Now, issuer: Issuing, which: Annotated[PublicFilter, Query()]
) -> Response:
    shown = await _shown(request, store, which.status, now)
    html = ET.Element("html", lang="zh-CN")
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width")
    ET.SubElement(head, "title").text = f"{issuer.name_zh} 预警信息"
    ET.SubElement(head, "link", rel="alternate", type="application/atom+xml", href="/public/warnings.atom")
    ET.SubElement(head, "style").text = _STYLE
    body = ET.SubElement(html, "body")
    ET.SubElement(body, "h1").text = "预警信息 Warnings"
    ET.SubElement(body, "p").text = f"{issuer.name_zh} · {issuer.name_en}"
    if not shown:
        ET.SubElement(body, "p").text = "目前没有预警。There is no warning at present."
    for warning, state in shown:
        _article(body, warning, state, now)
    page = b"<!doctype html>" + ET.tostring(html, encoding="utf-8", method="html")
    headers = {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


def _article(body: ET.Element, warning: Released, state: str, now: datetime) -> None:
    entry = warning.entry
    over = _is_over(warning, state, now)
    mood = " ".join([colour(entry.warning_level, "en"), *(["over"] if over else [])])
    article = ET.SubElement(body, "article", {"class": f"{mood} exercise" if entry.status == "Exercise" else mood})
    drill = "【演练】Exercise " if entry.status == "Exercise" else ""
    change_zh, change_en = _CHANGES[warning.message]
    ET.SubElement(
        article, "h2"
    ).text = f"{drill}{entry.zh.headline}（{colour(entry.warning_level, 'zh')}，{change_zh}）"
    _paragraphs(article, entry.zh)
    english = ET.SubElement(article, "div", lang="en")
    ET.SubElement(english, "h3").text = f"{entry.en.headline} ({colour(entry.warning_level, 'en')}, {change_en})"
    _paragraphs(english, entry.en)
    until = entry.expires_at.astimezone(LOCAL)
    small = ET.SubElement(article, "small")
    small.text = f"{warning.sent_at.astimezone(LOCAL):%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} · {entry.contact} · "
    ET.SubElement(small, "a", href=f"/public/warnings/{warning.identifier}.xml").text = "CAP"


def _paragraphs(parent: ET.Element, words: Words) -> None:
    for text in (words.area, words.description, words.instruction):
        if text:
            ET.SubElement(parent, "p").text = text


@router.get(
    "/warnings.atom",
    summary="The feed of warnings",
    description="Atom (RFC 4287), the newest first, of the last 30 days; each entry links its CAP file.",
    response_class=Response,
    responses=content_of("application/atom+xml"),
)
async def show_public_feed(
    request: Request, store: Reach, now: Now, issuer: Issuing, which: Annotated[PublicFilter, Query()]
) -> Response:
    shown = await _shown(request, store, which.status, now)
    base = f"{issuer.public_url}/public/warnings"
    feed = ET.Element("feed", xmlns=_ATOM)
    ET.SubElement(feed, "id").text = f"{base}.atom"
    ET.SubElement(feed, "title").text = f"{issuer.name_zh} 预警信息"
    newest = shown[0][0].sent_at if shown else now
    ET.SubElement(feed, "updated").text = local_time(newest)
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = issuer.name_zh
    ET.SubElement(feed, "link", rel="self", href=f"{base}.atom", type="application/atom+xml")
    for warning, _ in shown:
        entry = ET.SubElement(feed, "entry")
        address = f"{base}/{warning.identifier}.xml"
        ET.SubElement(entry, "id").text = address
        drill = "【演练】" if warning.entry.status == "Exercise" else ""
        ET.SubElement(entry, "title").text = f"{drill}{warning.entry.zh.headline} {warning.entry.en.headline}"
        ET.SubElement(entry, "updated").text = local_time(warning.sent_at)
        ET.SubElement(entry, "link", rel="alternate", href=address, type=_CAP_MEDIA)
        ET.SubElement(entry, "summary").text = warning.entry.zh.description or warning.entry.zh.headline
        ET.SubElement(entry, "category", term=warning.entry.category)
    document = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(document, headers=_HEADERS, media_type="application/atom+xml")


@router.get(
    "/warnings/{identifier}.xml",
    summary="One warning as CAP",
    description="OASIS CAP 1.2 with the texts in zh-CN and en. A message never changes once it is out.",
    response_class=Response,
    responses={**content_of(_CAP_MEDIA), **{404: answers(None, 404)[404]}},
)
async def show_cap(
    request: Request,
    store: Reach,
    now: Now,
    issuer: Issuing,
    identifier: Annotated[str, InPath(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="As the feed names it")],
) -> Response:
    context_of(request).throttles.public.take(address_of(request), now)
    async with store.reading() as connection:
        row = await connection.fetchrow(_SQL.by_identifier, identifier)
        if row is None:
            raise NotFound(
                zh="没有这份预警；全部见 /public/warnings。",
                en="There is no such warning; see /public/warnings for all.",
            )
        document = as_cap(await released_of(connection, row), issuer)
    return Response(document, headers=_HEADERS, media_type=_CAP_MEDIA)
