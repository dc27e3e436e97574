"""Settings: wrong ones are named, secrets are never repeated."""

from pathlib import Path

import pytest

from lifeline.errors import HubError
from lifeline.settings import load_settings

SECRET = "hunter2-very-secret"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER_URL", "DATABASE_URL", "DATA_DIR", "LOG_LEVEL", "API_PORT"):
        monkeypatch.delenv(f"LIFELINE_{name}", raising=False)


def test_without_anything_set_the_embedded_servers_are_meant() -> None:
    settings = load_settings()
    assert settings.broker_url is None
    assert settings.database_url is None
    assert settings.data_dir == Path("lifeline-data")
    assert (settings.topic_prefix, settings.squads_prefix, settings.unknown_sensor) == (
        "sensors",
        "squads",
        "quarantine",
    )


def test_what_faces_the_network_is_loopback_unless_set() -> None:
    settings = load_settings()
    assert (settings.api_host, settings.probe_host) == ("127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("LIFELINE_API_PORT", "ninety", "valid integer"),
        ("LIFELINE_API_PORT", "70000", "less than or equal to 65535"),
        ("LIFELINE_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LIFELINE_UNKNOWN_SENSOR", "drop", "'quarantine' or 'provision'"),
        ("LIFELINE_TOPIC_PREFIX", "sensors/#", "without + and #"),
        ("LIFELINE_TOPIC_PREFIX", "/sensors", "one or more levels"),
        ("LIFELINE_BROKER_URL", f"http://user:{SECRET}@broker", "mqtt://"),
        ("LIFELINE_BROKER_URL", f"mqtt://user:{SECRET}@broker:99999", "not usable"),
        ("LIFELINE_DATABASE_URL", f"mysql://user:{SECRET}@host/db", "postgresql://"),
        ("LIFELINE_DATABASE_URL", f"postgresql://user:{SECRET}@[host", "postgresql://"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wanted_and_its_value_kept(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(HubError) as raised:
        load_settings()
    message = str(raised.value)
    assert message.startswith(f"{name}: ")
    assert wanted in message
    assert SECRET not in message
    assert raised.value.__suppress_context__  # pydantic's own error is not shown either


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_API_PORT", "x")
    monkeypatch.setenv("LIFELINE_LOG_LEVEL", "x")
    with pytest.raises(HubError) as raised:
        load_settings()
    assert len(str(raised.value).splitlines()) == 2


def test_printing_settings_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_BROKER_URL", f"mqtt://user:{SECRET}@broker")
    monkeypatch.setenv("LIFELINE_DATABASE_URL", f"postgresql://user:{SECRET}@host/db")
    settings = load_settings()
    assert settings.broker.password == SECRET
    assert SECRET in settings.database
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.broker)):
        assert SECRET not in shown


def test_a_process_that_needs_a_server_says_which_setting_is_missing() -> None:
    settings = load_settings()
    with pytest.raises(HubError, match="LIFELINE_DATABASE_URL is not set"):
        _ = settings.database
    with pytest.raises(HubError, match="LIFELINE_BROKER_URL is not set"):
        _ = settings.broker


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_DATABASE_URL", "")
    assert load_settings().database_url is None
