"""Opaque cursors for keyset pagination.

A cursor names the listing and the key of the last row that was sent; the next page starts behind that row, whatever
was added in between. It holds nothing else, so it needs no secret; a cursor of another listing is refused.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec

from api.errors import InvalidValue
from api.fields import Item, Page

Key = TypeVar("Key")
RowNumber = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Cursor(Generic[Key]):
    """Cursors of one ``listing`` whose rows are told apart by a key of type ``shape``."""

    def __init__(self, listing: str, shape: Any) -> None:
        self._listing = listing
        self._shape = tuple[str, shape]

    def encode(self, key: Key) -> str:
        """The cursor behind the row of ``key``."""
        return urlsafe_b64encode(msgspec.json.encode((self._listing, key))).rstrip(b"=").decode()

    def decode(self, cursor: str | None) -> Key | None:
        """The key in ``cursor``, None for the first page; InvalidValue for anything that wasn't made here."""
        if cursor is None:
            return None
        try:
            raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            listing, key = msgspec.json.decode(raw, type=self._shape)
        except (binascii.Error, ValueError) as error:  # msgspec's errors are ValueErrors
            raise _foreign() from error
        if listing != self._listing:
            raise _foreign()
        return cast(Key, key)

    def page(self, items: Sequence[Item], limit: int, *, key: Callable[[Item], Key]) -> Page[Item]:
        """The page of the first ``limit`` items; one more in ``items`` means that another page follows."""
        kept = list(items[:limit])
        return Page(items=kept, next_cursor=self.encode(key(kept[-1])) if len(items) > limit else None)


def _foreign() -> InvalidValue:
    return InvalidValue(
        "query.cursor",
        zh="cursor 无效：请原样传回上一页的 next_cursor，或去掉它从第一页开始。",
        en="This is not a cursor of this list: pass back next_cursor of a page, or leave it out to start over.",
    )
