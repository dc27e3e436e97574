"""The duty console: pages for those who watch and decide, which call the hub's own API for who is signed in."""
