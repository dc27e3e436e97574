"""The rules that grade readings: in force, proposed, decided on, and tried on stored readings."""
