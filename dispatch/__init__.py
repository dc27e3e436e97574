"""From an incident to a squad that has confirmed and reported."""
