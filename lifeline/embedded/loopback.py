"""The address that only this machine reaches."""

import random
import socket
from itertools import repeat

LOOPBACK = "127.0.0.1"

# Below what systems give to outgoing connections (Linux from 32768, BSD and Windows from 49152): such a port may be
# taken by any connection between being found free and being listened on.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on, and that no outgoing connection will take by chance."""
    for port in (random.choice(_PORTS) for _ in repeat(None, 100)):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:  # in use
                continue
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something takes connections on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
