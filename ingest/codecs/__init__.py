"""Payload codecs: what a device's own bytes mean, in its maker's words. Pure: bytes and port → fields."""
