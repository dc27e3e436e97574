"""From a message on the wire to a checked reading in a committed row."""
