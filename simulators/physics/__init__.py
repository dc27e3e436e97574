"""Pure models of what the sensors stand in: time and chance come in as arguments."""
