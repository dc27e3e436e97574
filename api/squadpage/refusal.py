"""What can't be done, as a page in plain words. Nothing of it names anything that is another squad's."""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.address import SQUAD_PAGE
from api.errors import ApiError, BodyTooLarge, BodyTooSlow, NotFound, Overdue, Unreachable
from api.problems import sort_of
from api.squadpage.pages import show
from api.squadpage.words import N_
from dispatch.steps import TransitionError
from dispatch.words import Words

_AWAY = N_("The hub is busy or can't be reached. Nothing was recorded: try again in a moment.")
_TOO_LARGE = N_("The file is too large: a photo may have 12 MB. Nothing was recorded.")
_TOO_SLOW = N_("The network was too slow and nothing was recorded: try again where it is better.")
_NO_PAGE = N_("There is no such page or order.")


async def refuse(request: Request, error: Exception) -> Response:
    """The page for an error."""
    status = sort_of(error).status
    headers: dict[str, str] = {}
    text: str | Words
    if isinstance(error, Unreachable | Overdue):
        text = _AWAY
    elif isinstance(error, BodyTooLarge):
        text = _TOO_LARGE
    elif isinstance(error, BodyTooSlow):
        text = _TOO_SLOW
    elif isinstance(error, NotFound | RequestValidationError):
        status, text = 404, _NO_PAGE
    elif isinstance(error, ApiError):
        text, headers = Words(error.zh, error.en), error.headers
    elif isinstance(error, TransitionError):
        text = N_("That isn't possible any more. The order stands as it is shown here.")
    else:
        assert isinstance(error, HTTPException)
        status, text = error.status_code, N_("The form can't be read. Nothing was recorded.")
    response = show(request, "message.html", status=status, here=SQUAD_PAGE, text=text)
    response.headers.update(headers)
    return response
