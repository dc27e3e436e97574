"""Who is told, and who answers for which grid cell."""
