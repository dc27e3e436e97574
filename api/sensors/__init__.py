"""Sensors and what they reported."""
