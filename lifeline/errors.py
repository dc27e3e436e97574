"""The one error base of this room."""


class HubError(Exception):
    """Something about how the hub is set up or started that a person must act on; the message says what to do."""
