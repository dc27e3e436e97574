"""Squads: who can be sent, and how they stand."""
