"""The one error base of this room."""


class IngestError(Exception):
    """Something about incoming data that a person must act on; the message says what to do."""


class StaleState(IngestError):
    """What a judge remembers is not what the database holds; after ``forget`` the same batch will go through."""
