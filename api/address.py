"""Where things are found."""

PREFIX = "/api/v1"
"""Of the API."""

SQUAD_PAGE = "/squad"
"""Of the squads' page."""
