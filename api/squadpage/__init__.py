"""The squads' page (城管通): plain HTML for phones, which works without scripts and on a bad network."""
