"""Public warnings, from the draft to the cancellation, as CAP, as a feed and as a page."""
