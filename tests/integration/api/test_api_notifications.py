"""What squads and people were told, over the API."""

from typing import Any

import httpx


async def test_a_dead_letter_is_shown_read_and_sent_again(officer: httpx.AsyncClient, county: Any) -> None:
    (dead,) = (await officer.get("/notifications?state=dead")).json()["items"]
    assert dead["notification_id"] == county.dead
    assert dead["incident_id"] == county.incident
    assert dead["text"] == {"zh": "通知", "en": "notice"}
    assert dead["error"] == "no channel is called pager"
    assert (await officer.get("/notifications?state=sent")).json()["items"] == []
    sent = (await officer.post(f"/notifications/{county.dead}/retry")).json()
    assert sent["state"] == "waiting"
    again = await officer.post(f"/notifications/{county.dead}/retry")
    assert again.status_code == 409
    read = (await officer.post(f"/notifications/{county.dead}/acknowledge")).json()
    assert (read["state"], read["received_at"]) == ("received", "2026-05-01T08:00:00Z")
    assert read["received_by"].startswith("key:")
