"""The public page as it was made last."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from api.languages import Language


@dataclass(slots=True)
class KeptPages:
    """The page in each language for a few seconds, so that a crowd costs one look at the database."""

    pages: dict[Language, tuple[datetime, bytes]] = field(default_factory=dict)
    one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
