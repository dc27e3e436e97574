"""People are told: who has the function, over which channel, with receipts, dead letters and no secret let out."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import pytest

from dispatch import channels as channels_of
from dispatch import messages
from dispatch.channels import ChannelError, read_channels
from dispatch.contacts import Contact, Contacts, ContactsError, Owner, read_contacts, save_contacts
from dispatch.notices import Notice, tell_people
from dispatch.rota import RotaError, Shift, hand_over, parse_calendar, save_shifts, shifts_between, write_calendar
from dispatch.squads import load_roster, on_duty
from dispatch.throttle import Policy
from dispatch.words import Words

SECRET = "s3cr3t-token"
GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"


class Gateway:
    """A webhook on loopback: ``status`` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[dict[str, str]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if gateway.status == 200:
                    gateway.taken.append(json.loads(body))
                self.send_response(gateway.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def pager(gateway: Gateway, tmp_path: Path) -> channels_of.Channels:
    file = tmp_path / "channels.yaml"
    file.write_text(f"pager: json://user:{SECRET}@127.0.0.1:{gateway.server.server_port}/{SECRET}\n")
    return read_channels(file)


def person(contact_id: str, function: str = "leader", **more: object) -> Contact:
    return Contact(contact_id, "某人", "Somebody", function, **more)  # type: ignore[arg-type]


def notice(key: str, recipient: str = "leader", incident_id: int | None = None) -> Notice:
    text = Words(f"通知{key}", f"notice {key}")
    return Notice(key=key, kind="overdue", recipient=recipient, incident_id=incident_id, text=text)


@pytest.fixture
async def connection(pool: asyncpg.Pool):
    async with pool.acquire() as connection:
        yield connection


async def recipients(connection: asyncpg.Connection, key: str) -> set[tuple[str, str]]:
    rows = await connection.fetch(
        "SELECT recipient, channel FROM notification WHERE key = $1 OR key LIKE $1 || ':%'", key
    )
    return {(row["recipient"], row["channel"]) for row in rows}


async def test_who_has_the_function_is_told_once_on_each_channel(connection, now) -> None:
    await save_contacts(connection, Contacts((person("a", channels=("console", "pager")), person("b"))))
    for _ in range(2):
        await tell_people(connection, [notice("n1"), notice("n2", "county_leader")], now)
    assert await recipients(connection, "n1") == {("a", "console"), ("a", "pager"), ("b", "console")}
    assert await recipients(connection, "n2") == {("county_leader", "console")}  # nobody: the console shows it


async def test_duty_comes_first_and_leave_has_a_substitute(connection, now) -> None:
    await save_contacts(connection, Contacts((person("a"), person("b"), person("c", "duty_officer"))))
    hour = timedelta(hours=1)
    await save_shifts(connection, [Shift(uid="1", who="a", starts_at=now, ends_at=now + hour)])
    await tell_people(connection, [notice("on")], now)
    assert await recipients(connection, "on") == {("a", "console")}
    leave = Shift(uid="2", who="a", starts_at=now, ends_at=now + hour, kind="leave", substitute="c")
    await save_shifts(connection, [leave])
    await tell_people(connection, [notice("away")], now)
    assert await recipients(connection, "away") == {("c", "console")}
    await tell_people(connection, [notice("after")], now + hour)
    assert await recipients(connection, "after") == {("a", "console"), ("b", "console")}


async def test_the_grid_s_person_and_the_owner_unit_are_those_of_the_place(connection, now, report) -> None:
    incident_id = await report()
    for grid in ("g1", "g2"):
        await connection.execute("INSERT INTO grid VALUES ($1, '', '', '', '', '', '', '{}')", grid)
    await connection.execute("UPDATE incident SET grid_id = 'g1'")
    people = (
        person("p1", "grid_person", grid_id="g1"),
        person("p2", "grid_person", grid_id="g2"),
        person("u1", "owner_unit", unit="gas company"),
        person("u2", "owner_unit", unit="drains"),
    )
    await save_contacts(connection, Contacts(people, (Owner("gas", "gas company"), Owner("manhole", "drains"))))
    await tell_people(
        connection, [notice("g", "grid_person", incident_id), notice("o", "owner_unit", incident_id)], now
    )
    assert await recipients(connection, "g") == {("p1", "console")}
    assert await recipients(connection, "o") == {("u1", "console")}
    assert await connection.fetchval("SELECT grade FROM notification WHERE key LIKE 'g:%'") == 1


async def test_a_message_goes_out_and_its_receipt_is_kept(pool, connection, now, pager, gateway) -> None:
    await save_contacts(connection, Contacts((person("a", channels=("pager",), language="en"),)))
    await tell_people(connection, [notice("n1"), notice("n2")], now)
    assert await messages.run_once(pool, pager, now) == messages.Told(messages=1, notices=2)
    assert [(sent["title"], sent["message"]) for sent in gateway.taken] == [
        ("blue: 2 messages", "notice n1\nnotice n2")
    ]
    assert await messages.run_once(pool, pager, now + timedelta(hours=1)) == messages.Told()
    number = await connection.fetchval("SELECT min(notification_id) FROM notification")
    await messages.acknowledge(connection, number, "key:li", now)
    await messages.acknowledge(connection, number, "key:wang", now + timedelta(minutes=1))
    row = await connection.fetchrow(
        "SELECT received_at, received_by FROM notification WHERE notification_id = $1", number
    )
    assert tuple(row) == (now, "key:li")
    with pytest.raises(messages.UnknownNotificationError):
        await messages.acknowledge(connection, 999, "key:li", now)


async def test_a_channel_that_fails_is_tried_again_and_given_up_at_last(
    pool, connection, now, pager, gateway, capfd, caplog
) -> None:
    caplog.set_level(logging.DEBUG)  # libraries log addresses there
    await save_contacts(connection, Contacts((person("a", channels=("pager",)),), (), Policy(most=50)))
    await tell_people(connection, [notice("n1")], now)
    gateway.status = 500
    assert (await messages.run_once(pool, pager, now)).failed == 1
    moment, tries = now, 1
    while await connection.fetchval("SELECT dead_at FROM notification") is None:
        moment += timedelta(minutes=6)
        tries += (await messages.run_once(pool, pager, moment)).failed
    assert tries == messages.MOST_ATTEMPTS
    assert await connection.fetchval("SELECT error FROM notification") == "the channel pager didn't take the message"
    number = await connection.fetchval("SELECT notification_id FROM notification")
    gateway.status = 200
    await messages.revive(connection, number, moment)
    assert (await messages.run_once(pool, pager, moment)).messages == 1
    with pytest.raises(messages.NotDeadError):
        await messages.revive(connection, number, moment)
    assert await channels_of.check_due(pool, pager, moment) == {"pager": ""}
    assert await channels_of.check_due(pool, pager, moment + timedelta(hours=23)) == {}
    gateway.status = 403
    (error,) = (await channels_of.check_due(pool, pager, moment + timedelta(days=1))).values()
    assert error == "the channel pager didn't take the message"
    assert await recipients(connection, f"channel-pager-{moment + timedelta(days=1):%Y%m%d%H%M}") == {
        ("duty_officer", "console")
    }
    stored = await connection.fetchval("SELECT string_agg(n::text, '') FROM notification AS n")
    stored += await connection.fetchval("SELECT string_agg(t::text, '') FROM channel_test AS t")
    told = capfd.readouterr()
    assert SECRET not in f"{stored}{told.out}{told.err}{caplog.text}{pager!r}"


async def test_a_notice_is_not_given_up_with_an_old_one_that_it_was_bundled_with(
    pool, connection, now, pager, gateway
) -> None:
    await save_contacts(connection, Contacts((person("a", channels=("pager",)),), (), Policy(most=50)))
    await tell_people(connection, [notice("old"), notice("new")], now)
    last = messages.MOST_ATTEMPTS - 1
    await connection.execute("UPDATE notification SET attempts = $1 WHERE key LIKE 'old%'", last)
    gateway.status = 500
    assert (await messages.run_once(pool, pager, now)).failed == 1
    rows = await connection.fetch("SELECT key, dead_at, next_attempt_at FROM notification ORDER BY key")
    assert [(row["key"], row["dead_at"]) for row in rows] == [("new:a:pager", None), ("old:a:pager", now)]
    assert rows[0]["next_attempt_at"] <= now + timedelta(seconds=5)  # its own back-off, not that of the other
    gateway.status = 200
    assert (await messages.run_once(pool, pager, now + timedelta(seconds=5))).messages == 1


async def test_a_red_that_its_channel_did_not_take_is_not_held_back_for_having_been_tried(
    pool, connection, now, pager, gateway, report
) -> None:
    incident_id = await report(grade=1)
    await save_contacts(connection, Contacts((person("a", channels=("pager",)),), (), Policy(most=2, window_s=600)))
    await tell_people(connection, [notice("lesser")], now)
    assert (await messages.run_once(pool, pager, now)).messages == 1
    await tell_people(connection, [notice("red", incident_id=incident_id)], now)
    gateway.status = 500
    assert (await messages.run_once(pool, pager, now)).failed == 1
    gateway.status = 200
    assert (await messages.run_once(pool, pager, now + timedelta(seconds=6))).messages == 1
    assert gateway.taken[-1]["message"] == "通知red"
    await tell_people(connection, [notice("second", incident_id=incident_id)], now)
    assert (await messages.run_once(pool, pager, now + timedelta(seconds=7))).held == 1


async def test_no_such_channel_is_a_dead_letter_at_once(pool, connection, now, pager) -> None:
    await save_contacts(connection, Contacts((person("a", channels=("fax",)),)))
    await tell_people(connection, [notice("n1")], now)
    assert (await messages.run_once(pool, pager, now)).failed == 1
    assert "no channel is called fax" in await connection.fetchval(
        "SELECT error FROM notification WHERE dead_at = $1", now
    )


@pytest.mark.parametrize("content", [f"pager: nonsense://{SECRET}", f"[{SECRET}", f"- {SECRET}"])
def test_a_wrong_file_of_channels_is_told_without_its_secrets(tmp_path, content) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(content)
    with pytest.raises(ChannelError) as caught:
        read_channels(file)
    assert SECRET not in str(caught.value)
    assert "channels.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "wecombot://key",
        "dingtalk://key",
        "feishu://key",
        "mailto://user:key@example.org",
        "jsons://example.org/key",
        "sns://AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY/us-east-1/+8613800000000",
    ],
)
def test_channels_of_each_sort(tmp_path, address) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(f"one: {address}\n")
    assert read_channels(file).names == ("one",)


def test_guangning_s_contacts_are_whole() -> None:
    contacts = read_contacts(GUANGNING / "contacts.yaml")
    assert {contact.person for contact in contacts.contacts} >= {"grid_person", "owner_unit", "leader", "county_leader"}


def test_contacts_that_can_not_be_used(tmp_path) -> None:
    file = tmp_path / "contacts.yaml"
    entry = "{contact_id: a, name_zh: 甲, name_en: A, person: %s}"
    for content, wrong in (
        (f"contacts: [{entry % 'leader'}, {entry % 'leader'}]", "a is there twice"),
        (f"contacts: [{entry % 'grid_person'}]", "has a grid_id"),
        (f"contacts: [{entry % 'owner_unit'}]", "has a unit"),
        (f"contacts: [{entry % 'mayor'}]", "mayor"),
    ):
        file.write_text(content)
        with pytest.raises(ContactsError, match=wrong):
            read_contacts(file)


async def test_the_rota_goes_out_and_comes_back_and_rules_the_squads(connection, now, squads) -> None:
    night = Shift(
        uid="s-1",
        who="gas-near",
        starts_at=now + timedelta(hours=8),
        ends_at=now + timedelta(hours=20),
        note="夜班；交接在门岗",
    )
    leave = Shift(uid="s-2", who="gas-far", starts_at=now, ends_at=now + timedelta(hours=2), kind="leave")
    assert parse_calendar(write_calendar([night, leave], now)) == [night, leave]
    await save_shifts(connection, [night, leave])
    assert await shifts_between(connection, now, now + timedelta(hours=1)) == [leave]
    roster = {squad.squad_id: squad for squad in (await load_roster(connection, now)).squads}
    assert not on_duty(roster["gas-near"], now)
    assert on_duty(roster["gas-near"], now + timedelta(hours=9))
    assert not on_duty(roster["gas-far"], now)
    assert on_duty(roster["gas-far"], now + timedelta(hours=2))
    await hand_over(connection, "s-1", "key:li", "两台检测仪已充电", now)
    with pytest.raises(RotaError, match="wasn't handed over"):
        await hand_over(connection, "s-1", "key:li", "", now)
    (called_off,) = parse_calendar(
        write_calendar([leave], now).replace(b"END:VEVENT", b"STATUS:CANCELLED\r\nEND:VEVENT")
    )
    await save_shifts(connection, [called_off])
    assert await shifts_between(connection, now, now + timedelta(hours=24)) == [night]
    with pytest.raises(RotaError, match="no squad or contact 'nobody'"):
        await save_shifts(connection, [Shift(uid="x", who="nobody", starts_at=now, ends_at=now + timedelta(hours=1))])


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("UID:1\nDTSTART:20260301T000000Z\nDTEND:20260301T080000Z\nRRULE:FREQ=DAILY", "event 1 recurs"),
        ("UID:1\nDTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260302", "not as whole days"),
        ("UID:1\nDTSTART:20260301T080000Z\nDTEND:20260301T080000Z", "ends before it begins"),
        ("UID:1\nDTSTART:20260301T080000Z", "needs DTSTART and DTEND"),
        ("SUMMARY:x\nDTSTART:20260301T080000Z\nDTEND:20260301T090000Z", "no UID"),
    ],
)
def test_calendars_that_can_not_be_used(lines: str, wrong: str) -> None:
    content = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    with pytest.raises(RotaError, match=wrong):
        parse_calendar(content.replace("\n", "\r\n").encode())
    with pytest.raises(RotaError):
        parse_calendar(b"nonsense")
