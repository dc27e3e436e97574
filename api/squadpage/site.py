"""What the pages of the squads are made of."""

import re

from api.address import SQUAD_PAGE
from api.squadpage import assets, entrance, records, work
from api.squadpage.refusal import refuse
from dispatch.photos import MAX_BYTES

__all__ = ["PHOTO_BYTES", "ROUTERS", "refuse", "takes_photo"]

ROUTERS = (assets.router, entrance.open_router, entrance.router, work.router, records.router)
PHOTO_BYTES = MAX_BYTES + 10_000  # with what the form has around it
_PHOTOS = re.compile(rf"{SQUAD_PAGE}/tasks/[0-9]+/photos")


def takes_photo(path: str) -> bool:
    """Whether a photo may be sent to this path."""
    return _PHOTOS.fullmatch(path) is not None
