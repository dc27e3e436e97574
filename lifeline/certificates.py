"""When the certificates end that the hub lives by: the broker's, and that of its own API."""

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime

from cryptography import x509

from ingest.broker import Broker
from lifeline.settings import Settings

_WITHIN_S = 10.0


async def first_end(settings: Settings) -> datetime | None:
    """When the first of them ends; None when there is none, or none that can be read now."""
    ends = []
    broker = settings.broker
    if broker.tls:
        with suppress(OSError, TimeoutError, ValueError):  # a broker that is away is told by others
            ends.append(await broker_end(broker))
    if settings.api_tls_certificate is not None:
        with suppress(OSError, ValueError):  # the API, which reads it too, does not start without it
            chain = x509.load_pem_x509_certificates(settings.api_tls_certificate.read_bytes())
            ends.append(min(one.not_valid_after_utc for one in chain))
    return min(ends, default=None)


async def broker_end(broker: Broker) -> datetime:
    """When the broker's certificate ends, also when it has ended or nobody trusts it; no password is sent.

    OSError or TimeoutError when it can't be reached over TLS.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(_WITHIN_S):
        _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return x509.load_der_x509_certificate(shown).not_valid_after_utc
