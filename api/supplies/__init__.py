"""Materials in stores, and shelters."""
