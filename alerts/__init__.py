"""From readings to graded hazards and incidents."""
