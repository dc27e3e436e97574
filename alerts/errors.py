"""The one error base of this room."""


class AlertError(Exception):
    """Something about rules or hazards that a person must act on; the message says what to do."""
