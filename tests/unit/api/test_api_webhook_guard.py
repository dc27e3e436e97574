"""Where webhooks may go: nowhere inside, unless the county names the network."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import InvalidValue
from api.webhooks.delivery import sign
from api.webhooks.guard import Doors, ForbiddenTarget, parse_networks, split


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_inner_addresses_are_refused(address: str) -> None:
    with pytest.raises(ForbiddenTarget):
        Doors().check(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert str(Doors().check(address)) == address


@given(st.ip_addresses(v=4, network="10.8.0.0/16"))
def test_a_named_network_is_allowed_and_no_other(address: object) -> None:
    doors = Doors(parse_networks("10.8.0.0/16"))
    assert doors.check(str(address)) == address
    with pytest.raises(ForbiddenTarget):
        doors.check("10.9.0.1")
    with pytest.raises(ForbiddenTarget):
        doors.check("127.0.0.1")


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://localhost/"])
async def test_other_spellings_of_loopback_are_refused(url: str) -> None:
    with pytest.raises((ForbiddenTarget, OSError)):
        await Doors().resolve(url)


async def test_the_address_that_was_checked_is_the_one_that_is_used() -> None:
    target = await Doors(parse_networks("127.0.0.0/8")).resolve("http://127.0.0.1:8080/a?b=c")
    assert (target.url, target.host) == ("http://127.0.0.1:8080/a?b=c", "127.0.0.1:8080")


@pytest.mark.parametrize(
    "url", ["ftp://x/", "http:///x", "http://u:p@x/", "http://x/#f", "http://x y/", "file:///etc/passwd", "http://[::1"]
)
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(InvalidValue):
        split(url)


def test_the_signature_is_what_the_description_says() -> None:
    at = datetime(2026, 5, 1, 8, tzinfo=UTC)
    wanted = hmac.new(b"secret", b"1777622400." + b"{}", hashlib.sha256).hexdigest()
    assert sign("secret", at, b"{}") == f"t=1777622400,v1={wanted}"
