"""Drills on a hub of their own in this process, in the drill's time."""
