"""Accounts at the broker as text."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeline.credentials import Account, Topics, accounts_of, acl_text, issue, mosquitto_hash
from lifeline.errors import HubError

TOPICS = Topics("sensors", "squads")
ACCOUNTS = accounts_of("hub", [("gas-0001", "gas")], ["gas-1"], [Account("lora", ("application/#",))], TOPICS)


def test_everybody_gets_its_own_topics_only() -> None:
    assert acl_text(ACCOUNTS) == (
        "user hub\ntopic readwrite #\ntopic read $SYS/broker/log/#\n\n"
        "user gas-0001\ntopic write sensors/gas/gas-0001/reading\n\n"
        "user gas-1\ntopic write squads/gas-1/receipts\ntopic read squads/gas-1/orders\n"
        "topic read squads/gas-1/notices\n\n"
        "user lora\ntopic write application/#\n"
    )


@pytest.mark.parametrize("code", ["a:b", "gas-1", "hub"])
def test_a_name_that_can_not_be_told_apart_is_refused(code: str) -> None:
    with pytest.raises(HubError, match=code):
        accounts_of("hub", [(code, "gas")], ["gas-1"], [], TOPICS)


def test_who_has_a_password_keeps_it_and_who_left_loses_it() -> None:
    first = issue(ACCOUNTS, "secret", "")
    assert first.new.keys() == {"gas-0001", "gas-1", "lora"}
    again = issue(ACCOUNTS[:-1], "secret", first.passwords)
    assert again.new == {}
    kept = dict(line.split(":", 1) for line in first.passwords.splitlines())
    now = dict(line.split(":", 1) for line in again.passwords.splitlines())
    assert now.keys() == {"hub", "gas-0001", "gas-1"}
    assert now["gas-0001"] == kept["gas-0001"]


@given(
    st.sets(st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True), min_size=1).filter(lambda names: "hub" not in names)
)
def test_no_password_comes_twice_and_none_is_kept_as_it_is(names: set[str]) -> None:
    accounts = accounts_of("hub", [(name, "gas") for name in names], [], [], TOPICS)
    issued = issue(accounts, "secret", "")
    assert len(set(issued.new.values())) == len(names)
    assert not any(password in issued.passwords for password in issued.new.values())


def test_the_hash_is_what_mosquitto_makes_of_the_same_password_and_salt(tmp_path: Path) -> None:
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("needs mosquitto_passwd: apt-get install mosquitto")
    path = tmp_path / "passwords"
    path.write_text("")
    subprocess.run([program, "-b", path, "somebody", "Pass wörd"], check=True, capture_output=True)
    theirs = path.read_text().strip().partition(":")[2]
    _, _, _, salt, _ = theirs.split("$")
    assert mosquitto_hash("Pass wörd", base64.b64decode(salt)) == theirs
