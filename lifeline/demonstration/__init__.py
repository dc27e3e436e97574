"""The demonstration: a county's traffic and a gas-leak drill on a hub of its own, shown as it happens."""
