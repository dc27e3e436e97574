"""ETags on configuration: a change says which state it changes, so that none gets lost."""

from typing import Annotated

from fastapi import Header, Response

from api.errors import Outdated, Unconditional

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="The ETag that was read, or * for whatever is there"),
]


def tag(response: Response, revision: int) -> None:
    """Give the answer the ETag of ``revision``."""
    response.headers["ETag"] = f'"{revision}"'


def require_match(if_match: str | None, revision: int) -> None:
    """Unconditional without If-Match, Outdated when it names another state than ``revision``."""
    if if_match is None:
        raise Unconditional
    named = [name.strip().removeprefix("W/") for name in if_match.split(",")]
    if "*" not in named and f'"{revision}"' not in named:
        raise Outdated
