"""Who changed what, from where, with what was there before and after."""
