"""Where the hub may be sent to: nobody gets it to knock at doors inside that only it can reach."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from api.errors import ApiError, InvalidValue

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenTarget(ApiError):
    """An address that webhooks must not go to."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation with commas between; ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the address is the one that was checked, whatever the name resolves to a moment later."""

    address: str
    port: int
    host: str
    scheme: str
    path: str

    @property
    def url(self) -> str:
        """The URL with the address in place of the name."""
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{literal}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Doors:
    """Public addresses, and those in ``networks``: of the county's own network, where other systems stand."""

    networks: Sequence[Network] = ()

    def check(self, address: str) -> Address:
        """The address; ForbiddenTarget for loopback, link-local, private and other addresses that aren't allowed."""
        found: Address = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        allowed = any(found.version == network.version and found in network for network in self.networks)
        if not allowed and (not found.is_global or found.is_multicast):
            raise ForbiddenTarget(
                zh=f"不允许向 {found} 推送；内网地址须列入 LIFELINE_WEBHOOK_NETWORKS。",
                en=f"Webhooks may not go to {found}: inner networks have to be named in LIFELINE_WEBHOOK_NETWORKS.",
            )
        return found

    async def resolve(self, url: str) -> Target:
        """Where ``url`` leads; ForbiddenTarget unless every address of its name is allowed, OSError without any."""
        parts = split(url)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(self.check(str(info[4][0]))) for info in found]
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(addresses[0], port, parts.netloc, parts.scheme, path)


def split(url: str) -> SplitResult:
    """The parts of a webhook's URL; InvalidValue unless it is http(s) with a host and without user and fragment."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None or parts.fragment or not url.isascii() or any(c <= " " for c in url):
        raise InvalidValue(
            "body.url",
            zh="url 应为 http(s)://主机/路径，不带用户名、密码和片段。",
            en="url reads http(s)://host/path, without user, password and fragment.",
        )
    return parts
