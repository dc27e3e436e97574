"""Reading what squads answer."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.receipts import MAX_PAYLOAD_BYTES, Receipt, ReceiptError, parse_receipt

TOPIC = "squads/gas-1/receipts"
GOOD = b'{"key":"order-12","action":"accept","time":"2026-03-01T12:00:00+08:00","note":"on our way"}'


def test_a_receipt():
    when = datetime(2026, 3, 1, 4, tzinfo=UTC)
    assert parse_receipt(TOPIC, GOOD, "squads") == Receipt("gas-1", "order-12", 12, "accept", when, "on our way")


def test_received_is_no_action_and_the_note_may_be_missing():
    payload = b'{"key":"order-1","action":"received","time":"2026-03-01T04:00:00Z"}'
    receipt = parse_receipt("a/b/gas-1/receipts", payload, "a/b")
    assert (receipt.action, receipt.note) == (None, "")


def test_what_a_squad_says_of_itself():
    payload = b'{"key":"squad-status","action":"out_of_service","time":"2026-03-01T04:00:00Z","note":"no vehicle"}'
    receipt = parse_receipt(TOPIC, payload, "squads")
    assert (receipt.task_id, receipt.action, receipt.service, receipt.note) == (None, None, False, "no vehicle")
    assert parse_receipt(TOPIC, payload.replace(b"out_of", b"in"), "squads").service is True


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("squads/gas-1/orders", GOOD),
        ("squads/receipts", GOOD),
        ("squads//receipts", GOOD),
        ("squads/a/b/receipts", GOOD),
        ("other/gas-1/receipts", GOOD),
        (TOPIC, b""),
        (TOPIC, GOOD[:-10]),
        (TOPIC, b"[]"),
        (TOPIC, b"[" * 5000),
        (TOPIC, b"\xff\xfe\x00"),
        (TOPIC, GOOD.replace(b"on our way", b"\xff")),
        (TOPIC, GOOD.replace(b"on our way", b"\\u0000")),
        (TOPIC, GOOD.replace(b"on our way", b"\\ud800")),
        (TOPIC, GOOD.replace(b"on our way", b"x" * 2001)),
        (TOPIC, GOOD + b" " * MAX_PAYLOAD_BYTES),
        (TOPIC, GOOD.replace(b"accept", b"out_of_service")),
        (TOPIC, GOOD.replace(b"order-12", b"squad-status")),
        (TOPIC, GOOD.replace(b"accept", b"cancel")),  # only an officer cancels
        (TOPIC, GOOD.replace(b"+08:00", b"")),
        (TOPIC, GOOD.replace(b"order-12", b"order-0")),
        (TOPIC, GOOD.replace(b"order-12", b"order-9999999999999999999")),
        (TOPIC, GOOD.replace(b"order-12", b"12")),
        (TOPIC, GOOD.replace(b'"order-12"', b"12")),
    ],
)
def test_what_is_no_receipt(topic, payload):
    with pytest.raises(ReceiptError):
        parse_receipt(topic, payload, "squads")


@given(st.text(max_size=40), st.binary(max_size=200))
def test_nothing_else_ever_escapes(topic, payload):
    for address in (topic, TOPIC):
        with pytest.raises(ReceiptError):
            parse_receipt(address, payload, "squads")
