"""The one error base of this room, and what passes by itself."""

import asyncpg


class DatabaseError(Exception):
    """Something about the database that a person must act on; the message says what to do."""


PASSING: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that the server ended while it was idle
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.PostgresSystemError,
)
"""The server or the way to it is in trouble, or two transactions met: the same work goes through later."""
