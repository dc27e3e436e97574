"""What is going on, at one look: the open incidents, the map, and what a hazard was judged by."""
