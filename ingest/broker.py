"""Where the MQTT broker is, from one URL."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ingest.errors import IngestError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT 5 broker: address, credentials, and whether to speak TLS to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Read ``mqtt://user:password@host:1883`` or ``mqtts://…``.

        Raises IngestError, without repeating the password, when the URL can't be used.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise IngestError(f"the broker's URL is not usable: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise IngestError("the broker's URL must look like mqtt://user:password@host:1883 or mqtts://host:8883")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "mqtts",
        )

    def ssl_context(self) -> ssl.SSLContext | None:
        """TLS that verifies the broker's certificate against the system's authorities, None for plain TCP.

        SSL_CERT_FILE names another authority, as everywhere.
        """
        return ssl.create_default_context() if self.tls else None
