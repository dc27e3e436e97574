"""The broker's URL."""

import pytest

from ingest.broker import Broker
from ingest.errors import IngestError


def test_urls_name_host_port_credentials_and_tls():
    assert Broker.parse("mqtt://localhost") == Broker("localhost", 1883)
    assert Broker.parse("mqtts://hub:p%40ss@broker.example:8884") == Broker(
        "broker.example", 8884, "hub", "p@ss", tls=True
    )


@pytest.mark.parametrize("url", ["localhost:1883", "http://x", "mqtt://", "mqtt://h:99999", "mqtt://h:x", ""])
def test_other_urls_are_refused_with_the_form_to_use(url):
    with pytest.raises(IngestError, match="broker's URL"):
        Broker.parse(url)


def test_the_password_is_never_shown():
    broker = Broker.parse("mqtt://hub:sesame@h")
    assert "sesame" not in repr(broker)
    with pytest.raises(IngestError) as caught:
        Broker.parse("mqtt:/hub:sesame@h")
    assert "sesame" not in str(caught.value)
