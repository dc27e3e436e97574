"""The one error base of this room, and that of its errors that the API lets out."""

from ingest.errors import BilingualError


class AlertError(Exception):
    """Something about rules or hazards that a person must act on; the message says what to do."""


class AlertRefusal(AlertError, BilingualError):
    """What somebody asked for can't be done; said in both languages, since the API passes it on."""
