"""What platforms and devices push over HTTP."""
