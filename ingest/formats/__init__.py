"""Envelopes: how platforms wrap what a device said. One module per platform, each pure: topic + bytes → uplinks."""
