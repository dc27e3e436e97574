"""The commands of ``lifeline``, a module each: its ``app``, read only when the command is called."""
