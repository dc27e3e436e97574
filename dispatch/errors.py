"""The one error base of this room."""


class DispatchError(Exception):
    """Something about squads, tasks or orders that a person must act on; the message says what to do."""
