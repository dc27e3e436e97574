"""Plans (预案): what an incident calls for, by type and grade."""
