"""The hour of the tests, and what a county has prepared in them."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "hazard_type": "gas_leak",
    "title": {"zh": "燃气泄漏处置", "en": "gas leak"},
    "source": "test",
    "grades": {
        "blue": {
            "tasks": [{"role": "handle", "skill": "gas", "title": {"zh": "处置", "en": "handle it"}}],
            "materials": {"blower": 1},
            "limits": {"remind_s": 60, "confirm_s": 180, "depart_s": 600, "arrive_s": 1800, "finish_s": 14400},
            "escalation": [{"after_s": 300, "tell": "leader"}],
            "reports": {"first_s": 1200, "follow_up_s": 3600, "final_s": 86400},
        }
    },
}
_RING = [[112.3, 23.5], [112.5, 23.5], [112.5, 23.7], [112.3, 23.5]]
GRID: dict[str, Any] = {
    "name": {"zh": "二网格", "en": "cell 2"},
    "town": {"zh": "南街", "en": "Nanjie"},
    "responsible_person": "陈网格",
    "owners": {"gas": "广宁燃气"},
    "outline": {"type": "Polygon", "coordinates": [_RING]},
}
