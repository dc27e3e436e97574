"""Telling other systems what happens: signed, in order, repeated until they have taken it."""
