"""The code that the integrator's page gives for checking a webhook's signature tells genuine from forged."""

import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.webhooks.delivery import sign

PAGE = (Path(__file__).parents[3] / "docs" / "integrator.md").read_text(encoding="utf-8")


def test_the_check_of_signatures_on_the_page_works() -> None:
    code = PAGE[PAGE.index("    import hashlib") :]
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code[: code.index("\n\nAddresses of")]), names)
    genuine: Callable[[str, str, bytes], bool] = names["genuine"]
    now, body = datetime.now(UTC), b'{"id": "760-12"}'
    assert genuine("secret", sign("secret", now, body), body)
    assert not genuine("other", sign("secret", now, body), body)
    assert not genuine("secret", sign("secret", now, body), body + b" ")
    assert not genuine("secret", sign("secret", now - timedelta(minutes=6), body), body)
