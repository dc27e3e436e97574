"""Passwords: argon2id, worked out beside the event loop, a few at a time because each takes 64 MiB."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from api.errors import InvalidValue

SHORTEST, LONGEST = 12, 128
_HASHER = PasswordHasher()  # the parameters of RFC 9106, low-memory variant
_BESIDE = ThreadPoolExecutor(2, thread_name_prefix="argon2")


def one_time_password() -> str:
    """A password to read out to somebody: 16 letters and digits that aren't mistaken for one another, 79 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def check_strength(name: str, password: str, location: str) -> None:
    """InvalidValue unless ``password`` is long enough and more than a few characters or its owner's name repeated."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidValue(
            location,
            zh=f"密码应为 {SHORTEST} 至 {LONGEST} 个字符；可用几个词组成的句子。",
            en=f"A password has {SHORTEST} to {LONGEST} characters: take a sentence.",
        )
    rest = password.lower().replace(name.lower(), "")
    if len(set(password)) < 5 or len(rest) < SHORTEST // 2:
        raise InvalidValue(
            location,
            zh="密码太容易猜：不要重复少数字符或账号名。",
            en="This password is too easy to guess: don't repeat a few characters or your name.",
        )


async def hash_password(password: str) -> str:
    """What is stored of a password."""
    return await asyncio.get_running_loop().run_in_executor(_BESIDE, _HASHER.hash, password)


async def fits(password: str, stored: str | None) -> bool:
    """Whether ``stored`` was made of ``password``; without one it takes as long and is False."""
    same = await asyncio.get_running_loop().run_in_executor(_BESIDE, _verify, password, stored)
    return same and stored is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def _verify(password: str, stored: str | None) -> bool:
    nobodys = _nobodys()  # made for the first one to ask, whoever that is: not while the hub starts
    try:
        return _HASHER.verify(stored or nobodys, password)
    except VerifyMismatchError:
        return False
