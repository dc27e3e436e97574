"""Who may do what at the broker: Mosquitto's password and ACL files, made from the registers of sensors and squads."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lifeline.errors import HubError

_ROUNDS = 101  # Mosquitto's own; what is hashed are 144 random bits, which no number of rounds would make harder
_SALT_BYTES = 12
BROKER_LOG = "$SYS/broker/log"
"""Where Mosquitto publishes its own log, refused logins among it, when its `log_dest topic` is set."""


@dataclass(frozen=True, slots=True)
class Account:
    """A name at the broker and the topics that it may publish to and subscribe to."""

    name: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topics:
    """First levels of the topics, as the settings have them."""

    sensors: str
    squads: str


def accounts_of(
    hub: str, sensors: Iterable[tuple[str, str]], squads: Iterable[str], platforms: Iterable[Account], topics: Topics
) -> list[Account]:
    """The hub, which may do everything; each sensor (code, kind), squad and platform, which may do its own only.

    HubError for a name that Mosquitto's files can't hold or that two of them share.
    """
    accounts = [Account(hub, ("#",), ("#", f"{BROKER_LOG}/#"))]  # topics with $ are in no other filter
    accounts += [Account(code, (f"{topics.sensors}/{kind}/{code}/reading",)) for code, kind in sensors]
    accounts += [
        Account(
            squad,
            (f"{topics.squads}/{squad}/receipts",),
            (f"{topics.squads}/{squad}/orders", f"{topics.squads}/{squad}/notices"),
        )
        for squad in squads
    ]
    accounts += platforms
    seen: set[str] = set()
    for account in accounts:
        if ":" in account.name or account.name.startswith("#") or not account.name.isprintable():
            raise HubError(
                f"{account.name}: Mosquitto takes no user name with a colon, # in front or control characters"
            )
        if account.name in seen:
            raise HubError(f"{account.name} is the name of two accounts at the broker: rename one of them")
        seen.add(account.name)
    return accounts


def mosquitto_hash(password: str, salt: bytes | None = None) -> str:
    """``password`` as Mosquitto 2 keeps it: PBKDF2 with SHA-512, told as ``$7$rounds$salt$hash``."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return "$7${}${}${}".format(_ROUNDS, *(base64.b64encode(part).decode() for part in (salt, key)))


@dataclass(frozen=True, slots=True)
class Issued:
    """Text of the password file, and the passwords that were made for those who had none, by name."""

    passwords: str
    new: Mapping[str, str]


def issue(accounts: Sequence[Account], hub_password: str, before: str) -> Issued:
    """Keep the entries of ``before``, the password file as it was, make those that are missing, drop the others.

    The first account is the hub's, whose password is given.
    """
    kept = dict(line.split(":", 1) for line in before.splitlines() if ":" in line)
    hub, *others = (account.name for account in accounts)
    new = {name: secrets.token_urlsafe(18) for name in others if name not in kept}
    hashes = {hub: mosquitto_hash(hub_password)} | {
        name: kept[name] if name in kept else mosquitto_hash(new[name]) for name in others
    }
    return Issued("".join(f"{name}:{value}\n" for name, value in hashes.items()), new)


def acl_text(accounts: Iterable[Account]) -> str:
    """The ACL file: who is not in it may do nothing."""
    parts = []
    for account in accounts:
        both = [topic for topic in account.writes if topic in account.reads]
        lines = [f"topic readwrite {topic}" for topic in both]
        lines += [f"topic write {topic}" for topic in account.writes if topic not in both]
        lines += [f"topic read {topic}" for topic in account.reads if topic not in both]
        parts.append("\n".join((f"user {account.name}", *lines)))
    return "\n\n".join(parts) + "\n"
