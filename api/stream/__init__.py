"""What has just happened, from committed rows, for browsers and for other systems."""
