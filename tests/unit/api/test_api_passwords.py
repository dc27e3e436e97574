"""Passwords are stored as RFC 9106 would have it, and checked against what is stored."""

from argon2 import Type, extract_parameters

from api.access.passwords import fits, hash_password


async def test_what_is_stored_is_dear_to_guess() -> None:
    stored = await hash_password("seven herons")
    parameters = extract_parameters(stored)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (65_536, 3, 4)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)
    assert await hash_password("seven herons") != stored
    assert await fits("seven herons", stored)
    assert not await fits("seven heron", stored)
    assert not await fits("seven herons", None)
