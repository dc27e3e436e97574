"""Simulated sensors and squads, and drills as data."""
