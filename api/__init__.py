"""The HTTP API: routes beside their response models."""
