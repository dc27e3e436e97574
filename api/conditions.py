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
    if not {"*", f'"{revision}"'} & _named(if_match):
        raise Outdated


def match_or_make(if_match: str | None, revision: int | None, response: Response) -> None:
    """As `require_match` where something is there; where nothing is (None), the answer will be 201.

    Outdated there when If-Match names a state: what was read has been removed meanwhile.
    """
    if revision is not None:
        require_match(if_match, revision)
    elif if_match is not None and "*" not in _named(if_match):
        raise Outdated
    else:
        response.status_code = 201


def _named(if_match: str) -> set[str]:
    return {name.strip().removeprefix("W/") for name in if_match.split(",")}
