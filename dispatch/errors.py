"""The one error base of this room, and that of its errors that the API lets out."""

from ingest.errors import BilingualError


class DispatchError(Exception):
    """Something about squads, tasks or orders that a person must act on; the message says what to do."""


class DispatchRefusal(DispatchError, BilingualError):
    """What somebody asked for can't be done; said in both languages, since the API passes it on."""
